#include "dsp/dct.h"

#include <algorithm>
#include <cmath>

namespace pyser {

Dct::Dct(int num_inputs, int num_ceps, double lifter, bool htk_order) : num_ceps_(num_ceps) {
  for (int k = 0; k < num_ceps; ++k) {
    const double liftering = lifter == 0 ? 1 : 1 + 0.5 * lifter * std::sin(M_PI * k / lifter);
    const double gain = k == 0 && !htk_order ? 1.0 : 2.0;
    const double scale = liftering * std::sqrt(gain / num_inputs);
    for (int m = 0; m < num_inputs; ++m) {
      matrix_.push_back(static_cast<float>(scale * std::cos(M_PI * k * (m + 0.5) / num_inputs)));
    }
  }
  if (htk_order) std::rotate(matrix_.begin(), matrix_.begin() + num_inputs, matrix_.end());
}

}  // namespace pyser
