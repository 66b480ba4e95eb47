// Window functions.
#pragma once

#include <string>
#include <vector>

namespace pyser {

// `length` >= 2 samples of the window `type`; all are symmetric, with period length - 1.
std::vector<float> make_window(const std::string& type, int length, double blackman_coeff);

}  // namespace pyser
