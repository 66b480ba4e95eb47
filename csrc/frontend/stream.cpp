#include "frontend/stream.h"

#include <algorithm>

#include "base/error.h"
#include "frontend/samples.h"

namespace pyser {
namespace {

constexpr int64_t kBlock = 16384;  // samples worked on at once: bounds the memory

}  // namespace

Stream::Stream(const Plan& plan, double sample_rate)
    : plan_(plan), workspace_(plan), delta_(plan.delta()) {
  if (auto resampling = plan.resampling(sample_rate)) resampler_.emplace(std::move(resampling));
  if (plan.options().dither > 0) noise_.emplace(plan.options().dither_seed);
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
    return plan_.delta().num_final(plan_.framing().num_final_frames(num_samples));
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
  }
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
}

void Stream::add_dither(int64_t from) {
  if (!noise_) return;
  const auto amplitude = static_cast<float>(plan_.options().dither);
  for (int64_t i = from; i < num_signal(); ++i) {
    signal_[i - signal_first_] += amplitude * (*noise_)(i);
  }
}

// Computes what the signal allows now; returns where the next rows belong.
float* Stream::advance(float* rows) {
  const int64_t end =
      finished_ ? plan_.num_frames(num_signal()) : plan_.framing().num_final_frames(num_signal());
  const int64_t count = std::max<int64_t>(0, end - next_frame_);
  const bool hold = plan_.options().subtract_mean;
  const size_t kept = hold ? statics_.size() : 0;
  statics_.resize(kept + count * plan_.static_dim());
  compute_frames(next_frame_ + count, statics_.data() + kept);
  drop_signal();
  if (hold && !finished_) return rows;
  if (hold) subtract_mean();
  const int64_t total = static_cast<int64_t>(statics_.size()) / plan_.static_dim();
  const int64_t written =
      delta_.accept(statics_.data(), total, plan_.static_dim(), finished_, rows);
  return rows + written * plan_.dim();
}

// Static rows of the frames up to `end`: runs of frames inside the signal go to the kernel at once.
void Stream::compute_frames(int64_t end, float* statics) {
  const Framing& framing = plan_.framing();
  const int64_t inside_end = std::min(end, framing.num_final_frames(num_signal()));
  while (next_frame_ < end) {
    const int64_t start = framing.start(next_frame_);
    int64_t count = 1;
    const float* samples;
    if (start >= 0 && next_frame_ < inside_end) {
      count = inside_end - next_frame_;
      samples = signal_.data() + (start - signal_first_);
    } else {
      reflected_.resize(framing.length);
      for (int64_t n = 0; n < framing.length; ++n) {
        reflected_[n] = signal_[Framing::reflect(start + n, num_signal()) - signal_first_];
      }
      samples = reflected_.data();
    }
    static_rows(plan_, samples, count, workspace_, statics);
    statics += count * plan_.static_dim();
    next_frame_ += count;
  }
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
  const int dim = plan_.static_dim();
  const size_t count = statics_.size() / dim;
  for (int d = 0; d < dim && count > 0; ++d) {
    double sum = 0;
    for (size_t t = 0; t < count; ++t) sum += statics_[t * dim + d];
    const auto mean = static_cast<float>(sum / static_cast<double>(count));
    for (size_t t = 0; t < count; ++t) statics_[t * dim + d] -= mean;
  }
}

template void Stream::accept(const int16_t*, int64_t, double, float*);
template void Stream::accept(const float*, int64_t, double, float*);
template void Stream::accept(const double*, int64_t, double, float*);

}  // namespace pyser
