#include "frontend/samples.h"

#include <cmath>
#include <string>
#include <type_traits>

#include "base/error.h"
#include "base/text.h"

namespace pyser {
namespace {

constexpr double kLimit = 32769;  // full scale and one step, for what rounding adds

[[noreturn]] void refuse(double value, double scale, int64_t index) {
  const std::string where = "sample " + std::to_string(index);
  if (!std::isfinite(value)) {
    const char* name = std::isnan(value) ? "NaN" : "infinity";
    throw InputError(std::string("found ") + name, where, "finite samples");
  }
  throw InputError(
      "found " + text(value) + ", which is " + text(value * scale) + " on the 16-bit scale", where,
      "magnitudes up to 32768 after multiplication by input_scale=" + text(scale),
      "set input_scale=1 if the samples are on the 16-bit scale already, else scale "
      "them down");
}

}  // namespace

template <class T>
void check_samples(const T* samples, int64_t count, double scale, int64_t first) {
  if constexpr (std::is_floating_point_v<T>) {
    const T limit = static_cast<T>(kLimit / scale);
    int bad = 0;
    for (int64_t i = 0; i < count; ++i) bad |= !(std::abs(samples[i]) <= limit);
    if (!bad) return;
    for (int64_t i = 0; i < count; ++i) {
      if (!(std::abs(samples[i]) <= limit)) refuse(samples[i], scale, first + i);
    }
  }
}

template <class T>
void to_pcm_scale(const T* samples, int64_t count, double scale, float* output) {
  if constexpr (std::is_same_v<T, int16_t>) {
    for (int64_t i = 0; i < count; ++i) output[i] = samples[i];
  } else {
    const T factor = static_cast<T>(scale);
    for (int64_t i = 0; i < count; ++i) output[i] = static_cast<float>(samples[i] * factor);
  }
}

#define PYSER_INSTANTIATE(T)                                       \
  template void check_samples(const T*, int64_t, double, int64_t); \
  template void to_pcm_scale(const T*, int64_t, double, float*);
PYSER_INSTANTIATE(int16_t)
PYSER_INSTANTIATE(float)
PYSER_INSTANTIATE(double)
#undef PYSER_INSTANTIATE

}  // namespace pyser
