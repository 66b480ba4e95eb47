// What the pitch needs to know before it hears a signal.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "dsp/resample.h"
#include "frontend/framing.h"
#include "options/options.h"

namespace pyser {

// The pitch of Ghahremani et al., "A pitch extraction algorithm tuned for automatic speech
// recognition" (ICASSP 2014), as Kaldi computes it: the signal is low-passed and resampled; the
// normalised cross-correlation (NCCF) of each frame is measured at whole lags and interpolated at
// lags in geometric progression, the states; a Viterbi search finds the cheapest path through them.
// Immutable; shared by threads.
class PitchPlan {
 public:
  // Throws InputError for options that contradict each other.
  PitchPlan(const Options& options, const Framing& framing);

  const Options& options() const { return options_; }
  const std::shared_ptr<const ResamplePlan>& lowpass() const { return lowpass_; }

  // Samples at resample_frequency that are compared with later ones, and the lags measured.
  int window() const { return window_; }
  int first_lag() const { return first_lag_; }
  int last_lag() const { return first_lag_ + num_lags_ - 1; }
  int num_lags() const { return num_lags_; }
  int num_states() const { return static_cast<int>(f0_.size()); }
  float f0(int state) const { return f0_[state]; }  // Hz

  // The first sample of frame t, at resample_frequency; its last is at start + window + last_lag.
  int64_t start(int64_t t) const;
  int frame_size() const { return window_ + last_lag(); }

  // Of a signal that goes on after `num_samples` at sample_frequency: the frames that lie in it,
  // and those whose pitch is decided.
  int64_t num_frames_inside(int64_t num_samples) const;
  int64_t num_decided(int64_t num_samples) const;
  // Frames decided once `num_frames` are searched.
  int64_t num_decided_of(int64_t num_frames) const;

  // NCCF at each state, from that at the measured lags.
  // lags [padded_lags()], zero but for num_lags() from padding() on -> states [num_states()], or
  // one of them.
  void interpolate(const float* lags, float* states) const;
  float interpolate(const float* lags, int state) const;
  int padding() const { return num_taps_; }
  int padded_lags() const { return padding() + rounded_lags() + padding(); }
  // num_lags() as whole blocks, to be worked on at once; that changes no value.
  int rounded_lags() const { return (num_lags_ + kBlock - 1) / kBlock * kBlock; }
  static constexpr int kBlock = 16;

  // By how much an NCCF of 1 makes a state cheaper.
  const std::vector<float>& merit() const { return merit_; }
  // Cost of a move by d states, divided by d^2.
  double move_cost() const { return move_cost_; }

 private:
  void make_states();

  Options options_;
  Framing framing_;
  int64_t rate_in_, rate_;  // sample_frequency and resample_frequency
  std::shared_ptr<const ResamplePlan> lowpass_;
  int window_, first_lag_, num_lags_, num_taps_;
  std::vector<float> f0_, merit_;
  std::vector<int> first_tap_;  // [states] index into padded lags
  std::vector<float> taps_;     // [states, num_taps], zeros at the end of a row
  double move_cost_;
};

}  // namespace pyser
