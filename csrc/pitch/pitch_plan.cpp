#include "pitch/pitch_plan.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include "base/error.h"
#include "base/text.h"

namespace pyser {
namespace {

constexpr int kLanes = 4;  // partial sums of an interpolation; part of the result's definition
using Lanes = float __attribute__((vector_size(kLanes * sizeof(float))));

constexpr int kMaxStates = 1 << 16;  // their indices are stored in 16 bits

int whole(double rate, const char* name) {
  if (rate == std::floor(rate)) return static_cast<int>(rate);
  throw InputError("the value is " + text(rate), name, "a whole number of Hz, for the pitch");
}

// Kaldi's lags are float32, each the one before times 1 + delta_pitch.
std::vector<float> lags_of(const Options& o) {
  std::vector<float> lags;
  const double ratio = 1.0 + static_cast<float>(o.delta_pitch);
  const auto last = static_cast<float>(1.0 / o.min_f0);
  for (auto lag = static_cast<float>(1.0 / o.max_f0); lag <= last;) {
    if (lags.size() == kMaxStates) {
      throw InputError("there are more than " + std::to_string(kMaxStates) + " F0 to choose from",
                       "delta_pitch, min_f0, max_f0", "", "make delta_pitch larger");
    }
    lags.push_back(lag);
    lag = static_cast<float>(lag * ratio);
  }
  return lags;
}

void check(const Options& o, int window, int first_lag) {
  if (o.min_f0 >= o.max_f0) {
    throw InputError("they are " + text(o.min_f0) + " and " + text(o.max_f0) + " Hz",
                     "min_f0, max_f0", "the first below the second");
  }
  const double nyquist_hz = 0.5 * std::min(o.sample_frequency, o.resample_frequency);
  if (o.lowpass_cutoff > nyquist_hz) {
    throw InputError(
        "the value is " + text(o.lowpass_cutoff), "lowpass_cutoff",
        "at most half of sample_frequency and of resample_frequency, " + text(nyquist_hz) + " Hz");
  }
  if (first_lag < 1) {
    throw InputError("the value is " + text(o.max_f0), "max_f0",
                     "below " + text(2 * o.resample_frequency / o.upsample_filter_width) +
                         " Hz = 2 resample_frequency / upsample_filter_width");
  }
  if (window < 2) {
    throw InputError("a frame of " + text(o.frame_length) + " ms has " + std::to_string(window) +
                         " samples at resample_frequency",
                     "frame_length", "2 or more");
  }
}

}  // namespace

PitchPlan::PitchPlan(const Options& o, const Framing& framing)
    : options_(o),
      framing_(framing),
      rate_in_(whole(o.sample_frequency, "sample_frequency")),
      rate_(whole(o.resample_frequency, "resample_frequency")),
      window_(static_cast<int>(o.resample_frequency * 0.001 * o.frame_length)) {
  const double beside_s = o.upsample_filter_width / (2.0 * o.resample_frequency);
  first_lag_ = static_cast<int>(std::ceil(o.resample_frequency * (1.0 / o.max_f0 - beside_s)));
  check(o, window_, first_lag_);
  const int last = static_cast<int>(std::floor(o.resample_frequency * (1.0 / o.min_f0 + beside_s)));
  num_lags_ = last - first_lag_ + 1;
  lowpass_ = std::make_shared<ResamplePlan>(static_cast<int>(rate_in_), static_cast<int>(rate_),
                                            o.lowpass_cutoff, o.lowpass_filter_width);
  move_cost_ = o.penalty_factor * std::pow(std::log(1.0 + o.delta_pitch), 2);
  make_states();
}

// A state is interpolated from the lags less than upsample_filter_width samples away.
void PitchPlan::make_states() {
  const int width = options_.upsample_filter_width;
  num_taps_ = (2 * width + kLanes - 1) / kLanes * kLanes;
  for (const float lag_s : lags_of(options_)) {
    f0_.push_back(1.0f / lag_s);
    merit_.push_back(static_cast<float>(1.0 - options_.soft_min_f0 * lag_s));
    const double lag = double{lag_s} * static_cast<double>(rate_);  // in samples
    const int first = static_cast<int>(std::floor(lag)) - width + 1;
    first_tap_.push_back(first - first_lag_ + padding());
    for (int tap = 0; tap < num_taps_; ++tap) {
      const double t = lag - (first + tap);
      const double sinc = t == 0 ? 1 : std::sin(M_PI * t) / (M_PI * t);
      const double hann = std::abs(t) < width ? 0.5 * (1 + std::cos(M_PI * t / width)) : 0;
      taps_.push_back(static_cast<float>(sinc * hann));
    }
  }
}

float PitchPlan::interpolate(const float* lags, int state) const {
  const float* weight = taps_.data() + static_cast<size_t>(state) * num_taps_;
  const float* lag = lags + first_tap_[state];
  Lanes sum = {};
  for (int tap = 0; tap < num_taps_; tap += kLanes) {
    Lanes w, x;
    std::memcpy(&w, weight + tap, sizeof w);
    std::memcpy(&x, lag + tap, sizeof x);
    sum += w * x;
  }
  return (sum[0] + sum[2]) + (sum[1] + sum[3]);
}

void PitchPlan::interpolate(const float* lags, float* states) const {
  for (int state = 0; state < num_states(); ++state) states[state] = interpolate(lags, state);
}

int64_t PitchPlan::start(int64_t t) const {
  if (framing_.snip_edges) return t * framing_.shift * rate_ / rate_in_;
  return (2 * t + 1) * framing_.shift * rate_ / (2 * rate_in_) - frame_size() / 2;
}

int64_t PitchPlan::num_frames_inside(int64_t num_samples) const {
  const int64_t end = lowpass_->num_final_outputs(num_samples);
  int64_t count = framing_.num_final_frames(num_samples);
  while (count > 0 && start(count - 1) + frame_size() > end) --count;
  return count;
}

int64_t PitchPlan::num_decided_of(int64_t num_frames) const {
  if (num_frames < options_.recompute_frame) return 0;
  return std::max<int64_t>(0, num_frames - options_.max_frames_latency);
}

int64_t PitchPlan::num_decided(int64_t num_samples) const {
  return num_decided_of(num_frames_inside(num_samples));
}

}  // namespace pyser
