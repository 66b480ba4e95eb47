#include "frontend/frame_features.h"

#include <algorithm>
#include <cmath>

#include "kernel/log.h"
#include "simd/portable.h"

namespace pyser {
namespace {

constexpr int kLanes = 8;  // partial sums over a frame; part of the result's definition

// In double: a constant frame minus its mean is then exactly zero.
template <class Term>
double sum_over(int64_t count, Term term) {
  double sum[kLanes] = {};
  int64_t n = 0;
  for (; n + kLanes <= count; n += kLanes) {
    for (int lane = 0; lane < kLanes; ++lane) sum[lane] += term(n + lane);
  }
  for (int lane = 0; n + lane < count; ++lane) sum[lane] += term(n + lane);
  for (int width = kLanes / 2; width > 0; width /= 2) {
    for (int lane = 0; lane < width; ++lane) sum[lane] += sum[lane + width];
  }
  return sum[0];
}

// Steps between neighbours that lie on different sides of `level`.
int64_t crossings(const float* samples, int64_t length, float level) {
  int count = 0;
  for (int64_t n = 1; n < length; ++n) {
    count += (samples[n] < level) != (samples[n - 1] < level);
  }
  return count;
}

float value_of(FrameFeature feature, const Plan& plan, const float* samples, float offset,
               double energy) {
  const int64_t length = plan.framing().length;
  switch (feature) {
    case FrameFeature::kLogEnergy: {
      const float floored = std::max(static_cast<float>(energy), kEnergyFloor);
      return std::max(log_positive<Portable>(Portable::set(floored))[0], plan.log_energy_floor());
    }
    case FrameFeature::kZcr:
      return static_cast<float>(crossings(samples, length, offset)) /
             static_cast<float>(length - 1);
    case FrameFeature::kRms:
      return static_cast<float>(std::sqrt(energy / static_cast<double>(length)));
  }
  return 0;
}

}  // namespace

void frame_feature_rows(const Plan& plan, const float* samples, int64_t count, float* rows,
                        int64_t stride) {
  const int64_t length = plan.framing().length;
  for (int64_t t = 0; t < count; ++t, samples += plan.framing().shift, rows += stride) {
    double mean = 0;
    if (plan.options().remove_dc_offset) {
      mean = sum_over(length, [=](int64_t n) { return double{samples[n]}; }) / double(length);
    }
    const auto offset = static_cast<float>(mean);
    const double energy = sum_over(length, [=](int64_t n) {
      const double x = samples[n] - offset;
      return x * x;
    });
    float* value = rows;
    for (const FrameFeature feature : plan.frame_features()) {
      *value++ = value_of(feature, plan, samples, offset, energy);
    }
  }
}

}  // namespace pyser
