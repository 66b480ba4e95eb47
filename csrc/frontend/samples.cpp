#include "frontend/samples.h"

#include <cmath>
#include <string>

#include "base/error.h"
#include "base/text.h"
#include "kernel/dispatch.h"

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

bool within(const int16_t*, int64_t, double) { return true; }
bool within(const float* samples, int64_t count, double limit) {
  return kernels().floats_within(samples, count, static_cast<float>(limit));
}
bool within(const double* samples, int64_t count, double limit) {
  return kernels().doubles_within(samples, count, limit);
}

}  // namespace

template <class T>
void check_samples(const T* samples, int64_t count, double scale, int64_t first) {
  const double limit = kLimit / scale;
  if (within(samples, count, limit)) return;
  for (int64_t i = 0; i < count; ++i) {
    if (!within(samples + i, 1, limit)) refuse(samples[i], scale, first + i);
  }
}

void to_pcm_scale(const int16_t* samples, int64_t count, double, float* output) {
  kernels().from_int16(samples, count, output);
}

void to_pcm_scale(const float* samples, int64_t count, double scale, float* output) {
  kernels().from_float(samples, count, static_cast<float>(scale), output);
}

void to_pcm_scale(const double* samples, int64_t count, double scale, float* output) {
  kernels().from_double(samples, count, scale, output);
}

template void check_samples(const int16_t*, int64_t, double, int64_t);
template void check_samples(const float*, int64_t, double, int64_t);
template void check_samples(const double*, int64_t, double, int64_t);

}  // namespace pyser
