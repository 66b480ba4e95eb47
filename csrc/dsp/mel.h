// Mel filter bank: triangles drawn on the mel axis, 1127 ln(1 + f / 700), without area norm.
#pragma once

#include <vector>

#include "options/options.h"

namespace pyser {

// Immutable. The corners of the filters cut the frequency axis into size() + 1 stretches: corner i
// is where filter i begins to rise, filter i - 1 has its peak and filter i - 2 ends.
class MelBank {
 public:
  // The FFT bins of a stretch, first_bin, first_bin + 1, ... Filter i - 1 falls over stretch i and
  // filter i rises; where there is no such filter the weights are 0.
  struct Stretch {
    int first_bin;
    std::vector<float> falling, rising;
  };

  // For an FFT of `fft_length` points. Throws InputError for edges that contradict each other, and
  // for a filter that contains no FFT bin.
  MelBank(const Options& options, int fft_length);

  int size() const { return static_cast<int>(stretches_.size()) - 1; }
  const std::vector<Stretch>& stretches() const { return stretches_; }

 private:
  std::vector<Stretch> stretches_;
};

}  // namespace pyser
