// The pitch of one signal on its way through a plan.
#pragma once

#include <cstdint>
#include <vector>

#include "base/queue.h"
#include "pitch/pitch_path.h"
#include "pitch/pitch_plan.h"

namespace pyser {

// Any chunking gives the same values. The plan must outlive the stream.
//
// The search waits for recompute_frame frames. They share a ballast, from the mean square of the
// signal up to the end of the last of them; each later frame has that of the signal up to its own
// end. From then on the pitch of a frame is decided max_frames_latency frames later. A signal of
// fewer frames is searched as a whole, with the mean square of all of it, as Kaldi does with files.
class PitchStream {
 public:
  explicit PitchStream(const PitchPlan& plan);

  // Takes `count` samples at sample_frequency, on any scale.
  void accept(const float* samples, int64_t count);
  // Ends the signal, which has `num_frames` frames; what they reach behind its end is zero.
  void finish(int64_t num_frames);

  // Frames from first() to num_decided() have values.
  int64_t num_decided() const { return path_.num_decided(); }
  float f0(int64_t frame) const { return plan_.f0(path_.choice(frame)); }  // Hz
  float nccf(int64_t frame) const;                                         // about -1 .. 1
  void drop_before(int64_t frame);

 private:
  void take_resampled();
  void advance(int64_t num_frames);
  void measure(int64_t frame);
  void listen(int64_t end);
  void search();
  float* measured(int64_t frame) { return measured_.at(2 * frame * plan_.padded_lags()); }
  const float* measured(int64_t frame) const {
    return measured_.at(2 * frame * plan_.padded_lags());
  }

  const PitchPlan& plan_;
  Resampler resampler_;
  PitchPath path_;
  std::vector<float> resampled_;
  Queue<float> signal_;       // at resample_frequency
  std::vector<float> frame_;  // [frame_size and what vectors read behind it] less its mean
  // [frames, 2, padded lags]: correlations, which become the NCCF without ballast once the frame is
  // searched, and the products of the two energies.
  Queue<float> measured_;
  int64_t num_measured_ = 0;     // frames
  double sum_ = 0, square_ = 0;  // of the first `num_heard_` samples of the signal
  int64_t num_heard_ = 0;
  std::vector<float> lags_, states_;  // NCCF of a frame
};

}  // namespace pyser
