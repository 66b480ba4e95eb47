// How probable it is that a frame is voiced.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace pyser {

// e^x for -700 < x < 700, from arithmetic alone: the same bits on every machine. x = k ln 2 + r
// with |r| <= ln(2) / 2, and the power series of e^r up to r^13.
inline double exp_of(double x) {
  const double k = std::floor(x * 1.4426950408889634 + 0.5);
  const double r = (x - k * 0.693147180369123816490) - k * 1.90821492927058770002e-10;
  double series = 1;
  for (int n = 13; n > 0; --n) series = 1 + series * r / n;
  const int64_t bits = (static_cast<int64_t>(k) + 1023) << 52;
  double power;
  std::memcpy(&power, &bits, sizeof power);
  return series * power;
}

// From the NCCF at the chosen lag: the fit of the log odds of voicing on the Keele database that
// Kaldi's process-kaldi-pitch-feats has (NccfToPov).
inline float voicing_probability(float nccf) {
  const double a = std::min(std::abs(double{nccf}), 1.0);
  const double log_odds = -5.2 + 5.4 * exp_of(7.5 * (a - 1)) + 4.8 * a - 2 * exp_of(-10 * a) +
                          4.2 * exp_of(20 * (a - 1));
  return static_cast<float>(1 / (1 + exp_of(-log_odds)));
}

}  // namespace pyser
