#include "frontend/stream.h"

#include <algorithm>

#include "base/error.h"
#include "frontend/frame_features.h"
#include "frontend/samples.h"

namespace pyser {
namespace {

constexpr int64_t kBlock = 16384;  // samples worked on at once: bounds the memory

// Columns that a row takes on its way to the deltas: without frame features the kernel writes its
// rows in place, and the deltas skip what `truncate` does not keep.
int row_stride(const Plan& plan) {
  const auto features = static_cast<int>(plan.frame_features().size());
  return features == 0 ? plan.static_dim() : plan.kept_dim() + features;
}

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
  for (int64_t done = 0; done < count; done += kBlock) {
    append(samples + done, std::min(kBlock, count - done), scale);
    rows = advance(rows);
  }
}

void Stream::finish(float* rows) {
  refuse_finished();
  finished_ = true;
  if (resampler_) {
    const int64_t from = num_signal();
    resampler_->finish(signal_);
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
    resampler_->accept(converted_.data(), count, signal_);
  } else {
    signal_.resize(signal_.size() + count);
    to_pcm_scale(samples, count, scale, signal_.data() + (from - signal_first_));
  }
  num_samples_ += count;
  add_dither(from);
  hear(from);
}

void Stream::add_dither(int64_t from) {
  if (!noise_) return;
  const auto amplitude = static_cast<float>(plan_.options().dither);
  for (int64_t i = from; i < num_signal(); ++i) {
    signal_[i - signal_first_] += amplitude * (*noise_)(i);
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
  complete_rows();
  if (plan_.options().subtract_mean) {
    if (!finished_) return rows;
    subtract_mean();
  }
  const int stride = row_stride(plan_);
  const int64_t count = num_ready_ - rows_.begin() / stride;
  const int64_t written = delta_.accept(rows_.at(rows_.begin()), count, stride, finished_, rows);
  rows_.drop_before(num_ready_ * stride);
  return rows + written * plan_.dim();
}

// Fills in the pitch where it is decided.
void Stream::complete_rows() {
  const int64_t end = pitch_ ? pitch_->num_decided() : next_frame_;
  if (pitch_) {
    const int stride = row_stride(plan_);
    float* rows = rows_.at(num_ready_ * stride) + plan_.kept_dim();
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
      reflected_[n] = signal_[Framing::reflect(start + n, num_signal()) - signal_first_];
    }
    compute_run(reflected_.data(), 1);
  }
}

// Appends the rows of the next `count` frames, the first of them at `samples`.
void Stream::compute_run(const float* samples, int64_t count) {
  next_frame_ += count;
  const int stride = row_stride(plan_);
  float* rows = rows_.extend(count * stride);
  if (plan_.frame_features().empty()) return static_rows(plan_, samples, count, workspace_, rows);
  const int kept = plan_.kept_dim();
  if (kept > 0) {
    types_.resize(count * plan_.static_dim());
    static_rows(plan_, samples, count, workspace_, types_.data());
    for (int64_t t = 0; t < count; ++t) {
      std::copy_n(types_.data() + t * plan_.static_dim(), kept, rows + t * stride);
    }
  }
  frame_feature_rows(plan_, samples, count, rows + kept, stride);
}

// Forgets samples that no later frame contains, reflected ones included.
void Stream::drop_signal() {
  const Framing& framing = plan_.framing();
  const int64_t needed =
      std::min(framing.start(next_frame_), num_signal() - framing.length) - signal_first_;
  if (needed <= 0) return;
  signal_.erase(signal_.begin(), signal_.begin() + needed);
  signal_first_ += needed;
}

void Stream::subtract_mean() {
  const int dim = row_stride(plan_);
  const int64_t count = rows_.end() / dim;
  float* rows = rows_.at(0);
  for (int d = 0; d < dim && count > 0; ++d) {
    double sum = 0;
    for (int64_t t = 0; t < count; ++t) sum += rows[t * dim + d];
    const auto mean = static_cast<float>(sum / static_cast<double>(count));
    for (int64_t t = 0; t < count; ++t) rows[t * dim + d] -= mean;
  }
}

template void Stream::accept(const int16_t*, int64_t, double, float*);
template void Stream::accept(const float*, int64_t, double, float*);
template void Stream::accept(const double*, int64_t, double, float*);

}  // namespace pyser
