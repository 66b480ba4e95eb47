// Natural logarithm of float32, from arithmetic alone: the same bits on every machine.
#pragma once

#include <cstdint>
#include <cstring>
#include <limits>

namespace pyser {

// Energies are not smaller than this before a log is taken (Kaldi: FLT_EPSILON).
constexpr float kEnergyFloor = std::numeric_limits<float>::epsilon();

// ln(x) for finite x > 0 that is not subnormal; error below 1.5 units in the last place.
// x = 2^e m with m in [sqrt(1/2), sqrt(2)), ln m = 2 artanh(s), s = (m - 1) / (m + 1).
inline float log_positive(float x) {
  int32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  const int32_t shifted = bits - 0x3f3504f3;  // sqrt(1/2)
  const int32_t exponent = shifted >> 23;
  const int32_t mantissa_bits = (shifted & 0x007fffff) + 0x3f3504f3;
  float m;
  std::memcpy(&m, &mantissa_bits, sizeof m);
  const float f = m - 1.0f;
  const float s = f / (2.0f + f), z = s * s;
  // artanh(s) = s + s^3/3 + s^5/5 + ...; |s| <= 0.1716, so s^11 and later do not show.
  const float series = z * (0.66666667f + z * (0.4f + z * (0.28571430f + z * 0.2222222f)));
  const float half_square = 0.5f * f * f;  // keeps f, which is exact, out of the rounding
  const float e = static_cast<float>(exponent);
  const float ln2_high = 0.69314575f, ln2_low = 1.4286068e-06f;
  return e * ln2_high + (f - (half_square - (s * (half_square + series) + e * ln2_low)));
}

}  // namespace pyser
