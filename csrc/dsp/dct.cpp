#include "dsp/dct.h"

#include <algorithm>
#include <cmath>

namespace pyser {

Dct::Dct(int num_inputs, int num_ceps, double lifter)
    : num_inputs_(num_inputs), num_ceps_(num_ceps) {
  for (int m = 0; m < num_inputs; ++m) {
    for (int k = 0; k < num_ceps; ++k) {
      const double scale = std::sqrt((k == 0 ? 1.0 : 2.0) / num_inputs);
      matrix_.push_back(static_cast<float>(scale * std::cos(M_PI * k * (m + 0.5) / num_inputs)));
    }
  }
  for (int k = 0; k < num_ceps; ++k) {
    const double factor = lifter == 0 ? 1 : 1 + 0.5 * lifter * std::sin(M_PI * k / lifter);
    lifter_.push_back(static_cast<float>(factor));
  }
}

void Dct::apply(const float* log_mel, float* __restrict cepstra) const {
  std::fill(cepstra, cepstra + num_ceps_, 0.0f);
  for (int m = 0; m < num_inputs_; ++m) {
    const float* row = matrix_.data() + static_cast<size_t>(m) * num_ceps_;
    for (int k = 0; k < num_ceps_; ++k) cepstra[k] += log_mel[m] * row[k];
  }
  for (int k = 0; k < num_ceps_; ++k) cepstra[k] *= lifter_[k];
}

}  // namespace pyser
