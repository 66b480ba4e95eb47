#include "frontend/plan.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/error.h"
#include "base/text.h"
#include "dsp/dct.h"
#include "dsp/mel.h"
#include "dsp/window.h"

namespace pyser {
namespace {

constexpr int kMaxFrameLength = 1 << 20;  // samples

FeatureType type_of(const Options& o) {
  if (o.feature_type == "none") return FeatureType::kNone;
  if (o.feature_type == "mfcc") return FeatureType::kMfcc;
  return o.feature_type == "fbank" ? FeatureType::kFbank : FeatureType::kSpectrogram;
}

// Milliseconds to samples, rounded down as Kaldi does.
int64_t samples_of(double ms, double sample_frequency) {
  return static_cast<int64_t>(sample_frequency * 0.001 * ms);
}

Framing framing_of(const Options& o) {
  check_limits(o);
  const Framing framing{samples_of(o.frame_length, o.sample_frequency),
                        samples_of(o.frame_shift, o.sample_frequency), o.snip_edges};
  if (framing.length < 2 || framing.length > kMaxFrameLength) {
    throw InputError("a frame of " + text(o.frame_length) + " ms would have " +
                         std::to_string(framing.length) + " samples",
                     "frame_length", "2 to " + std::to_string(kMaxFrameLength) + " samples");
  }
  if (framing.shift < 1) {
    throw InputError("a shift of " + text(o.frame_shift) + " ms is less than one sample",
                     "frame_shift");
  }
  return framing;
}

int fft_length(const Options& o, int64_t frame_length) {
  int length = 1;
  while (length < frame_length) length *= 2;
  return o.round_to_power_of_two ? length : static_cast<int>(frame_length);
}

int whole_rate(double rate, const char* where) {
  if (rate >= 1 && rate <= 1e6 && rate == std::floor(rate)) return static_cast<int>(rate);
  throw InputError("the rate is " + text(rate) + " Hz", where,
                   "a whole number of Hz from 1 to 1000000, to resample");
}

}  // namespace

Plan::Plan(const Options& o)
    : options_(o),
      type_(type_of(o)),
      framing_(framing_of(o)),
      frame_features_(o.frame_feature_list()),
      spectrum_(fft_length(o, framing_.length)) {
  make_kernel();
  if (o.truncate > static_dim()) {
    throw InputError("the value is " + std::to_string(o.truncate), "truncate",
                     "at most the " + std::to_string(static_dim()) + " columns of a static row");
  }
  if (std::any_of(frame_features_.begin(), frame_features_.end(), is_of_pitch)) {
    pitch_.emplace(o, framing_);
  }
  const int columns = kept_dim() + static_cast<int>(frame_features_.size());
  if (columns == 0) {
    throw InputError("there are no columns", "feature_type, frame_features", "",
                     "feature_type=none needs frame_features");
  }
  delta_.emplace(columns, static_dim(), o.delta_order, o.delta_window, o.delta_edges == "htk");
}

void Plan::make_kernel() {
  const Options& o = options_;
  std::optional<MelBank> mel;
  std::optional<Dct> dct;
  if (type_ == FeatureType::kFbank || type_ == FeatureType::kMfcc) {
    mel.emplace(o, spectrum_.length());
  }
  if (type_ == FeatureType::kMfcc) {
    if (o.num_ceps > o.num_mel_bins) {
      throw InputError("the value is " + std::to_string(o.num_ceps), "num_ceps",
                       "at most num_mel_bins=" + std::to_string(o.num_mel_bins));
    }
    dct.emplace(o.num_mel_bins, o.num_ceps, o.cepstral_lifter, o.htk_compat);
  }
  kernel_.emplace(
      o, framing_, make_window(o.window_type, static_cast<int>(framing_.length), o.blackman_coeff),
      spectrum_, mel ? &*mel : nullptr, dct ? &*dct : nullptr);
}

std::shared_ptr<const Plan> Plan::make(const Options& options) {
  return std::shared_ptr<const Plan>(new Plan(options));
}

int Plan::static_dim() const {
  if (type_ == FeatureType::kNone) return 0;
  return kernel_->tables().dim;
}

int64_t Plan::num_frames(int64_t num_samples, double sample_rate) const {
  const auto plan = resampling(sample_rate);
  return num_frames(plan ? plan->num_outputs(num_samples) : num_samples);
}

int64_t Plan::num_final_frames(int64_t num_samples) const {
  return pitch_ ? pitch_->num_decided(num_samples) : framing_.num_final_frames(num_samples);
}

std::shared_ptr<const ResamplePlan> Plan::resampling(double sample_rate) const {
  const double wanted = options_.sample_frequency;
  if (sample_rate == wanted) return nullptr;
  const bool down = sample_rate > wanted;
  if (!(down ? options_.allow_downsample : options_.allow_upsample)) {
    throw InputError("the samples are at " + text(sample_rate) + " Hz", "sample_rate",
                     "sample_frequency=" + text(wanted) + " Hz",
                     std::string("set ") + (down ? "allow_downsample" : "allow_upsample") +
                         "=true to resample, or sample_frequency=" + text(sample_rate));
  }
  return std::make_shared<ResamplePlan>(whole_rate(sample_rate, "sample_rate"),
                                        whole_rate(wanted, "sample_frequency"));
}

}  // namespace pyser
