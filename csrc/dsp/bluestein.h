// Complex FFT of any length, as a convolution with a chirp (Bluestein, 1970), in double precision.
#pragma once

#include <vector>

#include "dsp/complex_fft.h"

namespace pyser {

// Immutable; each thread brings its own Scratch.
class Bluestein {
 public:
  struct Scratch {
    std::vector<double> re, im, work_re, work_im;
  };

  explicit Bluestein(int length);

  Scratch make_scratch() const;

  // Transforms re, im [length] in place.
  void transform(float* re, float* im, Scratch& scratch) const;

 private:
  int length_;
  ComplexFft<double> fft_;                     // of a power of two, twice the length at least
  std::vector<double> chirp_re_, chirp_im_;    // exp(-i pi n^2 / length)
  std::vector<double> filter_re_, filter_im_;  // transform of the conjugate chirp, over its length
};

}  // namespace pyser
