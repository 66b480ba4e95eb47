#include "dsp/spectrum.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace pyser {
namespace {

bool is_power_of_two(int n) { return (n & (n - 1)) == 0; }

int power_of_two_from(int n) {
  int power = 1;
  while (power < n) power *= 2;
  return power;
}

}  // namespace

Spectrum::Spectrum(int length) : length_(length) {
  if (is_power_of_two(length)) {
    make_real_split();
  } else {
    make_chirp();
  }
}

void Spectrum::make_real_split() {
  half_ = std::make_unique<ComplexFft<float>>(length_ / 2);
  for (int k = 0; k <= length_ / 4; ++k) {
    const double angle = -2 * M_PI * k / length_;
    cosine_.push_back(static_cast<float>(std::cos(angle)));
    sine_.push_back(static_cast<float>(std::sin(angle)));
  }
}

void Spectrum::make_chirp() {
  const int n = length_, size = power_of_two_from(2 * n - 1);
  convolution_ = std::make_unique<ComplexFft<double>>(size);
  std::vector<double> re(size, 0.0), im(size, 0.0), work_re(size), work_im(size);
  for (int i = 0; i < n; ++i) {
    const int64_t square = static_cast<int64_t>(i) * i % (2 * n);  // the angle's period
    const double angle = -M_PI * static_cast<double>(square) / n;
    chirp_re_.push_back(std::cos(angle));
    chirp_im_.push_back(std::sin(angle));
    const int mirrored = (size - i) % size;
    re[i] = re[mirrored] = chirp_re_[i];
    im[i] = im[mirrored] = -chirp_im_[i];
  }
  const bool in_work = convolution_->transform(re.data(), im.data(), work_re.data(), work_im.data());
  filter_re_ = in_work ? work_re : re;
  filter_im_ = in_work ? work_im : im;
  for (int i = 0; i < size; ++i) {  // the scale of the inverse transform
    filter_re_[i] /= size;
    filter_im_[i] /= size;
  }
}

Spectrum::Scratch::Scratch(const Spectrum& spectrum) {
  if (spectrum.half_) {
    for (auto* part : {&even, &odd, &work_even, &work_odd}) part->resize(spectrum.length_ / 2);
  } else {
    for (auto* part : {&re, &im, &work_re, &work_im}) part->resize(spectrum.convolution_->length());
  }
}

void Spectrum::power(const float* frame, Scratch& scratch, float* power) const {
  if (half_) {
    power_of_two(frame, scratch, power);
  } else {
    bluestein(frame, scratch, power);
  }
}

void Spectrum::power_of_two(const float* frame, Scratch& scratch, float* __restrict power) const {
  const int half = length_ / 2;
  for (int n = 0; n < half; ++n) {
    scratch.even[n] = frame[2 * n];
    scratch.odd[n] = frame[2 * n + 1];
  }
  const bool in_work = half_->transform(scratch.even.data(), scratch.odd.data(),
                                        scratch.work_even.data(), scratch.work_odd.data());
  const float* re = in_work ? scratch.work_even.data() : scratch.even.data();
  const float* im = in_work ? scratch.work_odd.data() : scratch.odd.data();
  const float* cosine = cosine_.data();
  const float* sine = sine_.data();
  // Z = E + i O with E, O the transforms of even and odd samples. X_k = E_k + w^k O_k and
  // X_(half-k) = conj(E_k - w^k O_k). Amplitudes are combined before they are squared: doing it
  // with the powers would cancel.
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

void Spectrum::bluestein(const float* frame, Scratch& scratch, float* power) const {
  const int size = convolution_->length();
  double *re = scratch.re.data(), *im = scratch.im.data();
  double *work_re = scratch.work_re.data(), *work_im = scratch.work_im.data();
  std::fill(re + length_, re + size, 0.0);
  std::fill(im + length_, im + size, 0.0);
  for (int n = 0; n < length_; ++n) {
    re[n] = frame[n] * chirp_re_[n];
    im[n] = frame[n] * chirp_im_[n];
  }
  if (convolution_->transform(re, im, work_re, work_im)) {
    std::swap(re, work_re);
    std::swap(im, work_im);
  }
  for (int k = 0; k < size; ++k) {  // product, conjugated: a forward transform then inverts it
    const double product_re = re[k] * filter_re_[k] - im[k] * filter_im_[k];
    im[k] = -(re[k] * filter_im_[k] + im[k] * filter_re_[k]);
    re[k] = product_re;
  }
  if (convolution_->transform(re, im, work_re, work_im)) {
    std::swap(re, work_re);
    std::swap(im, work_im);
  }
  // The last factor, the chirp at k, has modulus 1 and does not change the power.
  for (int k = 0; k < num_bins(); ++k) {
    power[k] = static_cast<float>(re[k] * re[k] + im[k] * im[k]);
  }
}

}  // namespace pyser
