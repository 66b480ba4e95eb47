#include "pitch/pitch_stream.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace pyser {
namespace {

constexpr int kLanes = 4;  // partial sums over a window; part of the result's definition

// The compiler's own vectors, of whatever the machine has.
constexpr int kBlock = PitchPlan::kBlock, kLags = 4, kVectors = kBlock / kLags;
using Lags = float __attribute__((vector_size(kLags * sizeof(float))));

float mean_of(const float* samples, int count) {
  double sum[kLanes] = {};
  for (int n = 0; n < count; ++n) sum[n % kLanes] += samples[n];
  return static_cast<float>(((sum[0] + sum[2]) + (sum[1] + sum[3])) / count);
}

// For kBlock lags from that of `later` on: sum x_n y_n and sum y_n^2, over n in order.
void correlate(const float* samples, const float* later, int count, float* products,
               float* energies) {
  Lags product[kVectors] = {}, energy[kVectors] = {};
  for (int n = 0; n < count; ++n) {
    for (int v = 0; v < kVectors; ++v) {
      Lags y;
      std::memcpy(&y, later + n + v * kLags, sizeof y);
      product[v] += samples[n] * y;
      energy[v] += y * y;
    }
  }
  std::memcpy(products, product, sizeof product);
  std::memcpy(energies, energy, sizeof energy);
}

float nccf_of(float product, float energies) {
  return energies > 0 ? product / std::sqrt(energies) : 0;
}

}  // namespace

PitchStream::PitchStream(const PitchPlan& plan)
    : plan_(plan),
      resampler_(plan.lowpass()),
      path_(plan.num_states(), plan.move_cost()),
      frame_(plan.window() + plan.first_lag() + plan.rounded_lags()),
      lags_(plan.padded_lags()),
      states_(plan.num_states()) {}

void PitchStream::accept(const float* samples, int64_t count) {
  resampler_.accept(samples, count, resampled_);
  take_resampled();
  advance(plan_.num_frames_inside(resampler_.num_inputs()));
}

void PitchStream::finish(int64_t num_frames) {
  resampler_.finish(resampled_);
  take_resampled();
  advance(num_frames);
  if (num_measured_ > path_.num_frames()) {
    listen(signal_.end());
    search();
  }
  path_.decide(num_frames);
}

void PitchStream::take_resampled() {
  float* end = signal_.extend(static_cast<int64_t>(resampled_.size()));
  std::copy(resampled_.begin(), resampled_.end(), end);
  resampled_.clear();
}

// Works on the frames before `num_frames`, one after the other.
void PitchStream::advance(int64_t num_frames) {
  while (num_measured_ < num_frames) {
    measure(num_measured_);
    listen(plan_.start(num_measured_) + plan_.frame_size());
    ++num_measured_;
    if (num_measured_ >= plan_.options().recompute_frame) {
      search();
      path_.decide(plan_.num_decided_of(num_measured_));
    }
    signal_.drop_before(std::min(num_heard_, plan_.start(num_measured_)));
  }
}

// Correlations of a frame, and what they are to be divided by the root of.
void PitchStream::measure(int64_t frame) {
  const int64_t start = plan_.start(frame);
  const int64_t begin = std::clamp<int64_t>(start, signal_.begin(), signal_.end());
  const int64_t end = std::clamp<int64_t>(start + plan_.frame_size(), begin, signal_.end());
  std::fill(frame_.begin(), frame_.end(), 0.0f);
  std::copy(signal_.at(begin), signal_.at(end), frame_.begin() + (begin - start));
  const float mean = mean_of(frame_.data(), plan_.window());
  for (int n = 0; n < plan_.frame_size(); ++n) frame_[n] -= mean;
  float own[kBlock], own_energy[kBlock];
  correlate(frame_.data(), frame_.data(), plan_.window(), own, own_energy);
  float* products = measured_.extend(2 * plan_.padded_lags()) + plan_.padding();
  float* energies = products + plan_.padded_lags();
  const int num_lags = plan_.num_lags();
  for (int lag = 0; lag < num_lags; lag += kBlock) {
    const float* later = frame_.data() + plan_.first_lag() + lag;
    correlate(frame_.data(), later, plan_.window(), products + lag, energies + lag);
  }
  std::fill(products + num_lags, products + plan_.rounded_lags(), 0.0f);
  for (int lag = 0; lag < num_lags; ++lag) energies[lag] *= own_energy[0];
}

// Adds the samples before `end` to the sums.
void PitchStream::listen(int64_t end) {
  end = std::min(end, signal_.end());
  for (; num_heard_ < end; ++num_heard_) {
    const double x = *signal_.at(num_heard_);
    sum_ += x;
    square_ += x * x;
  }
}

// Searches on through the frames that are measured.
void PitchStream::search() {
  const auto count = static_cast<double>(std::max<int64_t>(num_heard_, 1));
  const double mean = sum_ / count;
  const double energy = std::max(square_ / count - mean * mean, 0.0) * plan_.window();
  const auto ballast = static_cast<float>(plan_.options().nccf_ballast * (energy * energy));
  for (int64_t frame = path_.num_frames(); frame < num_measured_; ++frame) {
    float* products = measured(frame) + plan_.padding();
    const float* energies = products + plan_.padded_lags();
    float* lags = lags_.data() + plan_.padding();
    for (int lag = 0; lag < plan_.num_lags(); ++lag) {
      lags[lag] = nccf_of(products[lag], energies[lag] + ballast);
      products[lag] = nccf_of(products[lag], energies[lag]);
    }
    plan_.interpolate(lags_.data(), states_.data());
    for (int i = 0; i < plan_.num_states(); ++i) states_[i] *= -plan_.merit()[i];
    path_.add(states_.data());
  }
}

float PitchStream::nccf(int64_t frame) const {
  return plan_.interpolate(measured(frame), path_.choice(frame));
}

void PitchStream::drop_before(int64_t frame) {
  path_.drop_before(frame);
  measured_.drop_before(2 * frame * plan_.padded_lags());
}

}  // namespace pyser
