// Cepstra of log-mel energies: orthonormal DCT-II and the lifter.
#pragma once

#include <vector>

namespace pyser {

// Immutable. C0 comes first; with `htk_order` last, and times sqrt(2). `lifter` is Q of
// 1 + Q/2 sin(pi k / Q), 0 for none.
class Dct {
 public:
  Dct(int num_inputs, int num_ceps, double lifter, bool htk_order);

  int size() const { return num_ceps_; }

  // matrix()[k * num_inputs + m]: what log-mel energy m adds to cepstrum k.
  const std::vector<float>& matrix() const { return matrix_; }

 private:
  int num_ceps_;
  std::vector<float> matrix_;
};

}  // namespace pyser
