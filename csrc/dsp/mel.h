// Mel filter bank: triangles drawn on the mel axis, 1127 ln(1 + f / 700), without area norm.
#pragma once

#include <vector>

#include "options/options.h"

namespace pyser {

// Immutable; weights are stored for the bins of each filter's support only.
class MelBank {
 public:
  // For an FFT of `fft_length` points. Throws InputError for edges that contradict each other, and
  // for a filter that contains no FFT bin.
  MelBank(const Options& options, int fft_length);

  int size() const { return static_cast<int>(filters_.size()); }

  // spectrum [fft_length / 2 + 1 + padding()] -> energies [size()].
  void apply(const float* spectrum, float* energies) const;

  // Zero-weighted values that are read behind the last bin of `spectrum`.
  static constexpr int padding() { return kLanes - 1; }

 private:
  static constexpr int kLanes = 4;  // partial sums of a filter; part of the result's definition

  struct Filter {
    int first_bin;
    int begin, end;  // its weights, a multiple of kLanes of them
  };

  std::vector<Filter> filters_;
  std::vector<float> weights_;
};

}  // namespace pyser
