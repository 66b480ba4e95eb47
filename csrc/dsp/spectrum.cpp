#include "dsp/spectrum.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace pyser {

Spectrum::Spectrum(int length)
    : length_(length), complex_length_(length % 2 == 0 ? length / 2 : length) {
  if ((complex_length_ & (complex_length_ - 1)) == 0) {
    fft_.emplace(complex_length_);
    make_kaldi_twiddles();
  } else {
    bluestein_.emplace(complex_length_);
    make_twiddles();
  }
}

// Powers of one float32 root, each from the one before, as Kaldi computes them: for 512 points they
// drift from the true values by up to 2.4e-6, which shows as up to 6e-3 in the log of the weakest
// bins; with true values we would differ from Kaldi by that much. std::fma is the same anywhere.
void Spectrum::make_kaldi_twiddles() {
  const double step = static_cast<float>(-2 * M_PI / length_);
  const auto root_re = static_cast<float>(std::cos(step));
  const auto root_im = static_cast<float>(std::sin(step));
  float re = 1, im = 0;
  for (int k = 0; k <= length_ / 4; ++k) {
    cosine_.push_back(re);
    sine_.push_back(im);
    const float next_re = std::fma(re, root_re, -(im * root_im));
    im = std::fma(re, root_im, im * root_re);
    re = next_re;
  }
}

// True values: for other lengths Kaldi's whole transform drifts, not this step alone (carried out in
// float32 its formulas gave errors up to 3e-3 in 80 log-mel energies of speech).
void Spectrum::make_twiddles() {
  for (int k = 0; k <= length_ / 4; ++k) {
    const double angle = -2 * M_PI * k / length_;
    cosine_.push_back(static_cast<float>(std::cos(angle)));
    sine_.push_back(static_cast<float>(std::sin(angle)));
  }
}

Spectrum::Scratch::Scratch(const Spectrum& spectrum) {
  for (auto* part : {&re, &im, &work_re, &work_im}) part->resize(spectrum.complex_length_);
  if (spectrum.bluestein_) bluestein = spectrum.bluestein_->make_scratch();
}

void Spectrum::power(const float* frame, Scratch& scratch, float* power) const {
  if (length_ % 2 != 0) return odd_power(frame, scratch, power);
  float *re = scratch.re.data(), *im = scratch.im.data();
  float *work_re = scratch.work_re.data(), *work_im = scratch.work_im.data();
  for (int n = 0; n < complex_length_; ++n) {
    re[n] = frame[2 * n];
    im[n] = frame[2 * n + 1];
  }
  if (bluestein_) {
    bluestein_->transform(re, im, scratch.bluestein);
  } else if (fft_->transform(re, im, work_re, work_im)) {
    std::swap(re, work_re);
    std::swap(im, work_im);
  }
  split(re, im, power);
}

// re + i im = E + i O, with E and O the transforms of the even and the odd samples, gives
// X_k = E_k + w^k O_k and X_(half-k) = conj(E_k - w^k O_k). Amplitudes are combined before they are
// squared: combining powers would cancel.
void Spectrum::split(const float* re, const float* im, float* __restrict power) const {
  const int half = complex_length_;
  const float *cosine = cosine_.data(), *sine = sine_.data();
  power[0] = (re[0] + im[0]) * (re[0] + im[0]);
  power[half] = (re[0] - im[0]) * (re[0] - im[0]);
  for (int k = 1; k <= half / 2; ++k) {
    const float even_re = 0.5f * (re[k] + re[half - k]), even_im = 0.5f * (im[k] - im[half - k]);
    const float odd_re = 0.5f * (im[k] + im[half - k]), odd_im = 0.5f * (re[half - k] - re[k]);
    const float turned_re = odd_re * cosine[k] - odd_im * sine[k];
    const float turned_im = odd_re * sine[k] + odd_im * cosine[k];
    const float low_re = even_re + turned_re, low_im = even_im + turned_im;
    const float high_re = even_re - turned_re, high_im = even_im - turned_im;
    power[k] = low_re * low_re + low_im * low_im;
    power[half - k] = high_re * high_re + high_im * high_im;
  }
}

void Spectrum::odd_power(const float* frame, Scratch& scratch, float* power) const {
  std::copy(frame, frame + length_, scratch.re.begin());
  std::fill(scratch.im.begin(), scratch.im.end(), 0.0f);
  bluestein_->transform(scratch.re.data(), scratch.im.data(), scratch.bluestein);
  for (int k = 0; k < num_bins(); ++k) {
    power[k] = scratch.re[k] * scratch.re[k] + scratch.im[k] * scratch.im[k];
  }
}

}  // namespace pyser
