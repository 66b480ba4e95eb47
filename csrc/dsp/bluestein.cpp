#include "dsp/bluestein.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

namespace pyser {
namespace {

int power_of_two_from(int n) {
  int power = 1;
  while (power < n) power *= 2;
  return power;
}

}  // namespace

Bluestein::Bluestein(int length) : length_(length), fft_(power_of_two_from(2 * length - 1)) {
  const int size = fft_.length();
  std::vector<double> re(size, 0.0), im(size, 0.0), work_re(size), work_im(size);
  for (int n = 0; n < length; ++n) {
    const int64_t square = static_cast<int64_t>(n) * n % (2 * length);  // the angle's period
    const double angle = -M_PI * static_cast<double>(square) / length;
    chirp_re_.push_back(std::cos(angle));
    chirp_im_.push_back(std::sin(angle));
    const int mirrored = (size - n) % size;
    re[n] = re[mirrored] = chirp_re_[n];
    im[n] = im[mirrored] = -chirp_im_[n];
  }
  const bool in_work = fft_.transform(re.data(), im.data(), work_re.data(), work_im.data());
  filter_re_ = in_work ? work_re : re;
  filter_im_ = in_work ? work_im : im;
  for (int k = 0; k < size; ++k) {  // the scale of the inverse transform
    filter_re_[k] /= size;
    filter_im_[k] /= size;
  }
}

Bluestein::Scratch Bluestein::make_scratch() const {
  const std::vector<double> zeros(fft_.length());
  return {zeros, zeros, zeros, zeros};
}

void Bluestein::transform(float* in_re, float* in_im, Scratch& scratch) const {
  const int size = fft_.length();
  double *re = scratch.re.data(), *im = scratch.im.data();
  double *work_re = scratch.work_re.data(), *work_im = scratch.work_im.data();
  for (int n = 0; n < length_; ++n) {
    re[n] = in_re[n] * chirp_re_[n] - in_im[n] * chirp_im_[n];
    im[n] = in_re[n] * chirp_im_[n] + in_im[n] * chirp_re_[n];
  }
  std::fill(re + length_, re + size, 0.0);
  std::fill(im + length_, im + size, 0.0);
  if (fft_.transform(re, im, work_re, work_im)) {
    std::swap(re, work_re);
    std::swap(im, work_im);
  }
  for (int k = 0; k < size; ++k) {  // product, conjugated: a forward transform then inverts it
    const double product_re = re[k] * filter_re_[k] - im[k] * filter_im_[k];
    im[k] = -(re[k] * filter_im_[k] + im[k] * filter_re_[k]);
    re[k] = product_re;
  }
  if (fft_.transform(re, im, work_re, work_im)) {
    std::swap(re, work_re);
    std::swap(im, work_im);
  }
  for (int k = 0; k < length_; ++k) {
    in_re[k] = static_cast<float>(re[k] * chirp_re_[k] + im[k] * chirp_im_[k]);
    in_im[k] = static_cast<float>(re[k] * chirp_im_[k] - im[k] * chirp_re_[k]);
  }
}

}  // namespace pyser
