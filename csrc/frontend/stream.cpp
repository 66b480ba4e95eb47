#include "frontend/stream.h"

#include <algorithm>
#include <type_traits>

#include "base/error.h"
#include "frontend/frame_features.h"
#include "frontend/samples.h"

namespace pyser {
namespace {

constexpr int64_t kBlock = 32768;        // samples worked on at once: bounds the memory
constexpr int64_t kFramesInPlace = 256;  // the same, of samples that need no copy

}  // namespace

Stream::Stream(const Plan& plan, double sample_rate)
    : plan_(plan), workspace_(plan), delta_(plan.delta()) {
  if (auto resampling = plan.resampling(sample_rate)) resampler_.emplace(std::move(resampling));
  if (plan.options().dither > 0) noise_.emplace(plan.options().dither_seed);
  if (plan.pitch()) pitch_.emplace(*plan.pitch());
}

void Stream::refuse_finished() const {
  if (!finished_) return;
  throw InputError("the stream is finished", "stream", "", "make a new stream for another signal");
}

int64_t Stream::num_rows(int64_t count, bool finish) const {
  refuse_finished();
  const auto rows_of = [&](int64_t num_samples, bool complete) -> int64_t {
    if (!complete && plan_.options().subtract_mean) return 0;
    if (resampler_) {
      const ResamplePlan& plan = resampler_->plan();
      num_samples = complete ? plan.num_outputs(num_samples) : plan.num_final_outputs(num_samples);
    }
    if (complete) return plan_.num_frames(num_samples);
    return plan_.delta().num_final(plan_.num_final_frames(num_samples));
  };
  return rows_of(num_samples_ + count, finish) - rows_of(num_samples_, false);
}

template <class T>
void Stream::accept(const T* samples, int64_t count, double scale, float* rows) {
  refuse_finished();
  check_samples(samples, count, scale, num_samples_);
  if constexpr (std::is_same_v<T, int16_t>) {
    if (computes_in_place(count)) return accept_in_place(samples, count, rows);
  }
  for (int64_t done = 0; done < count; done += kBlock) {
    append(samples + done, std::min(kBlock, count - done), scale);
    rows = advance(rows);
  }
}

// Whether the kernels may read the samples where they are: as int16_t, and where frames begin before
// them, in numbers that are worth the loss at that seam.
bool Stream::computes_in_place(int64_t count) const {
  const Framing& framing = plan_.framing();
  if (resampler_ || noise_ || !plan_.frame_features().empty() || plan_.static_dim() == 0) {
    return false;
  }
  const bool has_seam = framing.start(next_frame_) < num_signal() || num_signal() > signal_first_;
  return count >= framing.length + (has_seam ? 64 * framing.shift : 0);
}

void Stream::accept_in_place(const int16_t* samples, int64_t count, float* rows) {
  const Framing& framing = plan_.framing();
  const int64_t begin = num_signal(), end = begin + count;
  if (framing.start(next_frame_) < begin) {  // frames that begin before these samples
    append(samples, framing.length, 1);
    rows = advance(rows);
  }
  num_samples_ = end;
  while (next_frame_ < framing.num_final_frames(end)) {
    const int64_t left = framing.num_final_frames(end) - next_frame_;
    const int64_t blocks = (left + kFramesInPlace - 1) / kFramesInPlace;
    compute_run(samples + (framing.start(next_frame_) - begin), (left + blocks - 1) / blocks);
    rows = emit(rows);
  }
  // What later frames need goes into the buffer.
  const int64_t kept = std::max(begin, std::min(framing.start(next_frame_), end - framing.length));
  if (kept >= num_signal()) {
    signal_.clear();
    signal_first_ = kept;
  }
  const int64_t from = num_signal() - begin;
  to_pcm_scale(samples + from, count - from, 1, signal_.grow(count - from));
  drop_signal();
}

void Stream::finish(float* rows) {
  refuse_finished();
  finished_ = true;
  if (resampler_) {
    const int64_t from = num_signal();
    resampler_->finish(resampled_);
    append_resampled();
    add_dither(from);
    hear(from);
  }
  if (pitch_) pitch_->finish(plan_.num_frames(num_signal()));
  advance(rows);
}

template <class T>
void Stream::append(const T* samples, int64_t count, double scale) {
  const int64_t from = num_signal();
  if (resampler_) {
    converted_.resize(count);
    to_pcm_scale(samples, count, scale, converted_.data());
    resampler_->accept(converted_.data(), count, resampled_);
    append_resampled();
  } else {
    to_pcm_scale(samples, count, scale, signal_.grow(count));
  }
  num_samples_ += count;
  add_dither(from);
  hear(from);
}

void Stream::append_resampled() {
  std::copy(resampled_.begin(), resampled_.end(),
            signal_.grow(static_cast<int64_t>(resampled_.size())));
  resampled_.clear();
}

void Stream::add_dither(int64_t from) {
  if (!noise_) return;
  const auto amplitude = static_cast<float>(plan_.options().dither);
  for (int64_t i = from; i < num_signal(); ++i) {
    signal_.data()[i - signal_first_] += amplitude * (*noise_)(i);
  }
}

// Gives the pitch the samples from index `from` on.
void Stream::hear(int64_t from) {
  if (pitch_) pitch_->accept(signal_.data() + (from - signal_first_), num_signal() - from);
}

// Computes what the signal allows now; returns where the next rows belong.
float* Stream::advance(float* rows) {
  compute_frames(finished_ ? plan_.num_frames(num_signal())
                           : plan_.framing().num_final_frames(num_signal()));
  drop_signal();
  return emit(rows);
}

// Adds the deltas to the rows that are complete; returns where the next rows belong.
float* Stream::emit(float* rows) {
  complete_rows();
  if (plan_.options().subtract_mean) {
    if (!finished_) return rows;
    subtract_mean();
  }
  const int64_t count = num_ready_ - (next_frame_ - delta_.num_pending());
  const int64_t written = delta_.emit(count, finished_, rows);
  return rows + written * plan_.dim();
}

// Fills in the pitch where it is decided.
void Stream::complete_rows() {
  const int64_t end = pitch_ ? pitch_->num_decided() : next_frame_;
  if (pitch_) {
    const int64_t stride = plan_.delta().stride(), emitted = next_frame_ - delta_.num_pending();
    float* rows = delta_.pending() + (num_ready_ - emitted) * stride + plan_.kept_dim();
    pitch_feature_rows(plan_, *pitch_, num_ready_, end, rows, stride);
    pitch_->drop_before(end);
  }
  num_ready_ = end;
}

// Rows of the frames up to `end`: runs of frames inside the signal are computed at once.
void Stream::compute_frames(int64_t end) {
  const Framing& framing = plan_.framing();
  const int64_t inside_end = std::min(end, framing.num_final_frames(num_signal()));
  while (next_frame_ < end) {
    const int64_t start = framing.start(next_frame_);
    if (start >= 0 && next_frame_ < inside_end) {
      compute_run(signal_.data() + (start - signal_first_), inside_end - next_frame_);
      continue;
    }
    reflected_.resize(framing.length);
    for (int64_t n = 0; n < framing.length; ++n) {
      reflected_[n] = signal_.data()[Framing::reflect(start + n, num_signal()) - signal_first_];
    }
    compute_run(reflected_.data(), 1);
  }
}

// Appends the rows of the next `count` frames, the first of them at `samples`.
template <class T>
void Stream::compute_run(const T* samples, int64_t count) {
  next_frame_ += count;
  float* rows = delta_.grow(count);
  if (plan_.static_dim() > 0) static_rows(plan_, samples, count, workspace_, rows);
  if constexpr (std::is_same_v<T, float>) {
    if (plan_.frame_features().empty()) return;
    frame_feature_rows(plan_, samples, count, rows + plan_.kept_dim(), plan_.delta().stride());
  }
}

// Forgets samples that no later frame contains, reflected ones included.
void Stream::drop_signal() {
  const Framing& framing = plan_.framing();
  const int64_t needed =
      std::min(framing.start(next_frame_), num_signal() - framing.length) - signal_first_;
  if (needed <= 0) return;
  signal_.drop_front(needed);
  signal_first_ += needed;
}

void Stream::subtract_mean() {
  const int dim = plan_.delta().static_dim(), stride = plan_.delta().stride();
  const int64_t count = delta_.num_pending();
  float* rows = delta_.pending();
  for (int d = 0; d < dim && count > 0; ++d) {
    double sum = 0;
    for (int64_t t = 0; t < count; ++t) sum += rows[t * stride + d];
    const auto mean = static_cast<float>(sum / static_cast<double>(count));
    for (int64_t t = 0; t < count; ++t) rows[t * stride + d] -= mean;
  }
}

template void Stream::accept(const int16_t*, int64_t, double, float*);
template void Stream::accept(const float*, int64_t, double, float*);
template void Stream::accept(const double*, int64_t, double, float*);

}  // namespace pyser
