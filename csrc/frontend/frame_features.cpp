#include "frontend/frame_features.h"

#include <algorithm>
#include <cmath>

#include "dsp/log.h"
#include "pitch/voicing.h"

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

float frame_value(FrameFeature feature, const Plan& plan, const float* samples, float offset,
                  double energy) {
  const int64_t length = plan.framing().length;
  switch (feature) {
    case FrameFeature::kLogEnergy: {
      const float floored = std::max(static_cast<float>(energy), kEnergyFloor);
      return std::max(log_of(floored), plan.log_energy_floor());
    }
    case FrameFeature::kZcr:
      return static_cast<float>(crossings(samples, length, offset)) /
             static_cast<float>(length - 1);
    case FrameFeature::kRms:
      return static_cast<float>(std::sqrt(energy / static_cast<double>(length)));
    default:
      return 0;  // one of the pitch
  }
}

float pitch_value(FrameFeature feature, float f0, float nccf) {
  switch (feature) {
    case FrameFeature::kF0:
      return f0;
    case FrameFeature::kLogF0:
      return log_of(f0);
    case FrameFeature::kNccf:
      return nccf;
    case FrameFeature::kVoicing:
      return voicing_probability(nccf);
    default:
      return 0;  // one of the frame
  }
}

}  // namespace

void frame_feature_rows(const Plan& plan, const float* samples, int64_t count, float* rows,
                        int64_t stride) {
  const auto& features = plan.frame_features();
  if (std::all_of(features.begin(), features.end(), is_of_pitch)) return;
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
    for (const FrameFeature feature : features) {
      if (!is_of_pitch(feature)) *value = frame_value(feature, plan, samples, offset, energy);
      ++value;
    }
  }
}

void pitch_feature_rows(const Plan& plan, const PitchStream& pitch, int64_t first, int64_t end,
                        float* rows, int64_t stride) {
  for (int64_t t = first; t < end; ++t, rows += stride) {
    const float f0 = pitch.f0(t), nccf = pitch.nccf(t);
    float* value = rows;
    for (const FrameFeature feature : plan.frame_features()) {
      if (is_of_pitch(feature)) *value = pitch_value(feature, f0, nccf);
      ++value;
    }
  }
}

}  // namespace pyser
