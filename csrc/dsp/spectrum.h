// Power spectrum of a real frame, by the FFT, for any length.
#pragma once

#include <optional>
#include <vector>

#include "dsp/bluestein.h"
#include "dsp/complex_fft.h"

namespace pyser {

// Plan for |X_k|^2, k = 0 .. length / 2, of `length` >= 2 real samples. Immutable; each thread
// brings its own Scratch.
class Spectrum {
 public:
  struct Scratch {
    explicit Scratch(const Spectrum& spectrum);
    std::vector<float> re, im, work_re, work_im;
    Bluestein::Scratch bluestein;
  };

  explicit Spectrum(int length);

  int length() const { return length_; }
  int num_bins() const { return length_ / 2 + 1; }

  // exp(-2 pi i k / length), k = 0 .. length / 4, as the last step uses them.
  const std::vector<float>& cosine() const { return cosine_; }
  const std::vector<float>& sine() const { return sine_; }

  // frame [length] -> power [num_bins].
  void power(const float* frame, Scratch& scratch, float* power) const;

 private:
  void make_kaldi_twiddles();
  void make_twiddles();
  void split(const float* re, const float* im, float* power) const;
  void odd_power(const float* frame, Scratch& scratch, float* power) const;

  int length_;
  // Of even lengths the even samples are the real and the odd samples the imaginary parts of a
  // complex signal of half the length; of odd lengths all samples are real parts.
  int complex_length_;
  std::optional<const ComplexFft<float>> fft_;  // where the complex length is a power of two
  std::optional<const Bluestein> bluestein_;    // elsewhere
  std::vector<float> cosine_, sine_;            // exp(-2 pi i k / length), k <= length / 4
};

}  // namespace pyser
