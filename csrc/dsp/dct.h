// Cepstra of log-mel energies: orthonormal DCT-II, then the lifter.
#pragma once

#include <vector>

namespace pyser {

// Immutable. Rows are C0 first; `lifter` is Q of 1 + Q/2 sin(pi k / Q), 0 for none.
class Dct {
 public:
  Dct(int num_inputs, int num_ceps, double lifter);

  int size() const { return num_ceps_; }

  // log_mel [num_inputs] -> cepstra [size()].
  void apply(const float* log_mel, float* cepstra) const;

 private:
  int num_inputs_, num_ceps_;
  std::vector<float> matrix_;  // [num_inputs, num_ceps]
  std::vector<float> lifter_;  // [num_ceps]
};

}  // namespace pyser
