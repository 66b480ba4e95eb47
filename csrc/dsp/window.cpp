#include "dsp/window.h"

#include <cmath>

namespace pyser {
namespace {

// Value at `phase` = 2 pi n / (length - 1). Povey's window is a hanning window to the power 0.85.
double window_value(const std::string& type, double phase, double blackman_coeff) {
  if (type == "hamming") return 0.54 - 0.46 * std::cos(phase);
  if (type == "hanning") return 0.5 - 0.5 * std::cos(phase);
  if (type == "povey") return std::pow(0.5 - 0.5 * std::cos(phase), 0.85);
  if (type == "sine") return std::sin(0.5 * phase);
  if (type == "blackman") {
    return blackman_coeff - 0.5 * std::cos(phase) + (0.5 - blackman_coeff) * std::cos(2 * phase);
  }
  return 1.0;  // rectangular
}

}  // namespace

std::vector<float> make_window(const std::string& type, int length, double blackman_coeff) {
  const double step = 2 * M_PI / (length - 1);
  std::vector<float> window(length);
  for (int n = 0; n < length; ++n) {
    window[n] = static_cast<float>(window_value(type, step * n, blackman_coeff));
  }
  return window;
}

}  // namespace pyser
