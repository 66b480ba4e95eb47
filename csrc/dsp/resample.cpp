#include "dsp/resample.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace pyser {
namespace {

constexpr int kLanes = 4;  // partial sums of an output sample; part of the result's definition

}  // namespace

ResamplePlan::ResamplePlan(int rate_in_hz, int rate_out_hz)
    : ResamplePlan(rate_in_hz, rate_out_hz, 0.99 * 0.5 * std::min(rate_in_hz, rate_out_hz), 6) {}

ResamplePlan::ResamplePlan(int rate_in_hz, int rate_out_hz, double cutoff_hz, int zero_crossings)
    : cutoff_hz_(cutoff_hz), zero_crossings_(zero_crossings) {
  const int unit = std::gcd(rate_in_hz, rate_out_hz);
  inputs_per_unit_ = rate_in_hz / unit;
  outputs_per_unit_ = rate_out_hz / unit;
  const double half_width_s = zero_crossings_ / (2 * cutoff_hz_);
  for (int i = 0; i < outputs_per_unit_; ++i) {
    const double time_s = i / static_cast<double>(rate_out_hz);
    const auto first = static_cast<int64_t>(std::ceil((time_s - half_width_s) * rate_in_hz));
    const auto last = static_cast<int64_t>(std::floor((time_s + half_width_s) * rate_in_hz));
    Phase phase{first, {}};
    for (int64_t j = first; j <= last; ++j) {
      const double value = impulse_response(j / static_cast<double>(rate_in_hz) - time_s);
      phase.weights.push_back(static_cast<float>(value / rate_in_hz));
    }
    phases_.push_back(std::move(phase));
  }
  // All phases get the same number of weights: a later output then never ends before an earlier
  // one, so that where the last final output finds its inputs, all do.
  size_t count = 0;
  for (const Phase& phase : phases_) count = std::max(count, phase.weights.size());
  count = (count + kLanes - 1) / kLanes * kLanes;
  for (Phase& phase : phases_) phase.weights.resize(count, 0.0f);
}

double ResamplePlan::impulse_response(double time_s) const {
  if (std::abs(time_s) >= zero_crossings_ / (2 * cutoff_hz_)) return 0;
  const double window = 0.5 * (1 + std::cos(2 * M_PI * cutoff_hz_ / zero_crossings_ * time_s));
  if (time_s == 0) return 2 * cutoff_hz_ * window;
  return std::sin(2 * M_PI * cutoff_hz_ * time_s) / (M_PI * time_s) * window;
}

int64_t ResamplePlan::first_input(int64_t output) const {
  return output / outputs_per_unit_ * inputs_per_unit_ +
         phases_[output % outputs_per_unit_].first_input;
}

const std::vector<float>& ResamplePlan::weights(int64_t output) const {
  return phases_[output % outputs_per_unit_].weights;
}

int64_t ResamplePlan::num_outputs(int64_t num_inputs) const {
  return (num_inputs * outputs_per_unit_ + inputs_per_unit_ - 1) / inputs_per_unit_;
}

int64_t ResamplePlan::num_final_outputs(int64_t num_inputs) const {
  int64_t count = num_outputs(num_inputs);
  while (count > 0 &&
         first_input(count - 1) + static_cast<int64_t>(weights(count - 1).size()) > num_inputs) {
    --count;
  }
  return count;
}

Resampler::Resampler(std::shared_ptr<const ResamplePlan> plan)
    : plan_(std::move(plan)), first_(plan_->first_input(0)) {
  inputs_.assign(-first_, 0.0f);
}

void Resampler::accept(const float* samples, int64_t count, std::vector<float>& output) {
  inputs_.insert(inputs_.end(), samples, samples + count);
  num_inputs_ += count;
  produce(plan_->num_final_outputs(num_inputs_), output);
  const int64_t used = std::min(plan_->first_input(num_outputs_), num_inputs_) - first_;
  inputs_.erase(inputs_.begin(), inputs_.begin() + used);
  first_ += used;
}

void Resampler::finish(std::vector<float>& output) {
  const int64_t end = plan_->num_outputs(num_inputs_);
  if (end == num_outputs_) return;
  const int64_t needed =
      plan_->first_input(end - 1) + static_cast<int64_t>(plan_->weights(end - 1).size());
  inputs_.resize(std::max(needed, num_inputs_) - first_, 0.0f);
  produce(end, output);
}

void Resampler::produce(int64_t end, std::vector<float>& output) {
  for (; num_outputs_ < end; ++num_outputs_) {
    const std::vector<float>& weights = plan_->weights(num_outputs_);
    const float* input = inputs_.data() + (plan_->first_input(num_outputs_) - first_);
    float sum[kLanes] = {};
    for (size_t j = 0; j < weights.size(); j += kLanes) {
      for (int lane = 0; lane < kLanes; ++lane) sum[lane] += weights[j + lane] * input[j + lane];
    }
    output.push_back((sum[0] + sum[2]) + (sum[1] + sum[3]));
  }
}

}  // namespace pyser
