// Everything about the features that depends on the options only.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "dsp/delta.h"
#include "dsp/resample.h"
#include "dsp/spectrum.h"
#include "frontend/framing.h"
#include "frontend/kernel_plan.h"
#include "options/options.h"
#include "pitch/pitch_plan.h"

namespace pyser {

enum class FeatureType { kFbank, kMfcc, kSpectrogram, kNone };

// Immutable; shared by any number of streams and threads.
class Plan {
 public:
  // Throws InputError for options that are out of range or contradict each other.
  static std::shared_ptr<const Plan> make(const Options& options);

  const Options& options() const { return options_; }
  const Framing& framing() const { return framing_; }
  const Spectrum& spectrum() const { return spectrum_; }
  const KernelPlan& kernel() const { return *kernel_; }
  const DeltaPlan& delta() const { return *delta_; }
  float log_energy_floor() const { return kernel_->tables().log_energy_floor; }

  // Columns of the feature type: as computed, ...
  int static_dim() const;
  // ... and as many as `truncate` keeps.
  int kept_dim() const { return options_.truncate > 0 ? options_.truncate : static_dim(); }
  // What stands behind them in the columns that deltas are computed of, one column each.
  const std::vector<FrameFeature>& frame_features() const { return frame_features_; }
  const PitchPlan* pitch() const { return pitch_ ? &*pitch_ : nullptr; }  // null where not needed
  // Columns of a row: [type | frame features], and the same of each delta order.
  int dim() const { return delta_->dim(); }

  // Rows that `num_samples` samples give: at sample_frequency, or at `sample_rate`.
  int64_t num_frames(int64_t num_samples) const { return framing_.num_frames(num_samples); }
  int64_t num_frames(int64_t num_samples, double sample_rate) const;
  // Rows without deltas that are final once `num_samples` at sample_frequency are known.
  int64_t num_final_frames(int64_t num_samples) const;

  // How a signal at `sample_rate` comes to sample_frequency: null if it is there already.
  // Throws InputError when the options do not allow it.
  std::shared_ptr<const ResamplePlan> resampling(double sample_rate) const;

 private:
  explicit Plan(const Options& options);
  void make_kernel();

  Options options_;
  FeatureType type_;
  Framing framing_;
  std::vector<FrameFeature> frame_features_;
  Spectrum spectrum_;
  std::optional<PitchPlan> pitch_;
  std::optional<KernelPlan> kernel_;
  std::optional<DeltaPlan> delta_;
};

}  // namespace pyser
