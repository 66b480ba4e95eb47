// Power spectrum of a real frame, by the FFT, for any length.
#pragma once

#include <memory>
#include <vector>

#include "dsp/complex_fft.h"

namespace pyser {

// Plan for |X_k|^2, k = 0 .. length / 2, of `length` >= 2 real samples. Immutable; each thread
// brings its own Scratch.
class Spectrum {
 public:
  struct Scratch {
    explicit Scratch(const Spectrum& spectrum);
    std::vector<float> even, odd, work_even, work_odd;
    std::vector<double> re, im, work_re, work_im;
  };

  explicit Spectrum(int length);

  int length() const { return length_; }
  int num_bins() const { return length_ / 2 + 1; }

  // frame [length] -> power [num_bins].
  void power(const float* frame, Scratch& scratch, float* power) const;

 private:
  void power_of_two(const float* frame, Scratch& scratch, float* power) const;
  void bluestein(const float* frame, Scratch& scratch, float* power) const;
  void make_real_split();
  void make_chirp();

  int length_;
  // Powers of two: the even samples as real and the odd ones as imaginary parts of half the length.
  std::unique_ptr<const ComplexFft<float>> half_;
  std::vector<float> cosine_, sine_;  // exp(-2 pi i k / length), k <= length / 4
  // Other lengths: Bluestein's convolution with a chirp, in double precision.
  std::unique_ptr<const ComplexFft<double>> convolution_;
  std::vector<double> chirp_re_, chirp_im_;    // exp(-i pi n^2 / length)
  std::vector<double> filter_re_, filter_im_;  // transform of the conjugate chirp, over its length
};

}  // namespace pyser
