// One signal on its way through a plan: samples in, rows out as soon as they are final.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/float_buffer.h"
#include "dsp/noise.h"
#include "frontend/kernel.h"
#include "frontend/plan.h"
#include "pitch/pitch_stream.h"

namespace pyser {

// The rows depend on the samples and the options, not on how the samples were cut into chunks.
// The plan must outlive the stream. Not thread-safe.
class Stream {
 public:
  // For a signal at `sample_rate`; throws InputError when the options do not allow that rate.
  Stream(const Plan& plan, double sample_rate);

  // Rows that accept() of `count` samples would write; with `finish`, those that accept() and then
  // finish() would write together. Throws InputError, as those do, when the stream is finished.
  int64_t num_rows(int64_t count, bool finish) const;

  // Takes `count` samples and writes the rows that are final now. T is int16_t, float or double;
  // floats are multiplied by `scale`. Throws InputError for bad samples, and takes none then.
  template <class T>
  void accept(const T* samples, int64_t count, double scale, float* rows);

  // Ends the signal and writes the remaining rows.
  void finish(float* rows);

 private:
  void refuse_finished() const;
  int64_t num_signal() const { return signal_first_ + signal_.size(); }
  template <class T>
  void append(const T* samples, int64_t count, double scale);
  void append_resampled();
  void add_dither(int64_t from);
  bool computes_in_place(int64_t count) const;
  void accept_in_place(const int16_t* samples, int64_t count, float* rows);
  void hear(int64_t from);
  float* advance(float* rows);
  float* emit(float* rows);
  void compute_frames(int64_t end);
  void drop_signal();
  template <class T>
  void compute_run(const T* samples, int64_t count);
  void complete_rows();
  void subtract_mean();

  const Plan& plan_;
  std::optional<Resampler> resampler_;
  std::optional<Noise> noise_;
  Workspace workspace_;
  DeltaStream delta_;
  bool finished_ = false;
  int64_t num_samples_ = 0;       // accepted, at the rate of the input
  std::vector<float> converted_;  // a block of input on its way to the resampler, and from it
  std::vector<float> resampled_;
  FloatBuffer signal_;  // at sample_frequency, from index signal_first_ on
  int64_t signal_first_ = 0;
  int64_t next_frame_ = 0;
  std::vector<float> reflected_;  // one frame that reaches out of the signal
  std::optional<PitchStream> pitch_;
  int64_t num_ready_ = 0;  // frames whose row is complete
};

}  // namespace pyser
