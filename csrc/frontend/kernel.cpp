#include "frontend/kernel.h"

#include <algorithm>
#include <cmath>

#include "dsp/log.h"

namespace pyser {
namespace {

constexpr int kLanes = 4;  // partial sums over a frame; part of the result's definition

// Sums are in double: a constant frame minus its mean is then exactly zero.
template <class Term>
double sum_over(int64_t count, Term term) {
  double sum[kLanes] = {};
  int64_t n = 0;
  for (; n + kLanes <= count; n += kLanes) {
    for (int lane = 0; lane < kLanes; ++lane) sum[lane] += term(n + lane);
  }
  for (int lane = 0; n + lane < count; ++lane) sum[lane] += term(n + lane);
  return (sum[0] + sum[2]) + (sum[1] + sum[3]);
}

// The frame, minus its mean where that is asked for.
void copy_frame(const float* samples, int64_t length, bool remove_mean, float* __restrict frame) {
  double mean = 0;
  if (remove_mean) {
    mean = sum_over(length, [=](int64_t n) { return double{samples[n]}; }) / double(length);
  }
  const float offset = static_cast<float>(mean);
  for (int64_t n = 0; n < length; ++n) frame[n] = samples[n] - offset;
}

float log_energy(const float* frame, int64_t length, float floor) {
  const double energy = sum_over(length, [=](int64_t n) { return double{frame[n]} * frame[n]; });
  return std::max(log_positive(std::max(static_cast<float>(energy), kEnergyFloor)), floor);
}

// frame[n] - coefficient frame[n-1], where frame[-1] is taken as frame[0]; then the window.
void preemphasise_and_window(const float* frame, const std::vector<float>& window,
                             float coefficient, float* __restrict windowed) {
  const float* weight = window.data();
  const auto length = static_cast<int64_t>(window.size());
  windowed[0] = (frame[0] - coefficient * frame[0]) * weight[0];
  for (int64_t n = 1; n < length; ++n) {
    windowed[n] = (frame[n] - coefficient * frame[n - 1]) * weight[n];
  }
}

void floored_log(float* values, int count) {
  for (int i = 0; i < count; ++i) {
    const float value = values[i] > kEnergyFloor ? values[i] : kEnergyFloor;
    values[i] = log_positive(value);
  }
}

// [energy | log-mel], or with htk_compat [log-mel | energy].
void fbank_row(const Plan& plan, float energy, Workspace& work, float* row) {
  const Options& o = plan.options();
  const int num_mel = plan.mel().size();
  if (!o.use_power) {
    for (int k = 0; k < plan.spectrum().num_bins(); ++k) work.power[k] = std::sqrt(work.power[k]);
  }
  float* mel = row + (o.energy() && !o.htk_compat ? 1 : 0);
  plan.mel().apply(work.power.data(), mel);
  if (o.use_log_fbank) floored_log(mel, num_mel);
  if (o.energy()) row[o.htk_compat ? num_mel : 0] = energy;
}

// C0 (or energy), C1, ...; with htk_compat C1, ..., and C0 times sqrt(2) (or energy).
void mfcc_row(const Plan& plan, float energy, Workspace& work, float* row) {
  const Options& o = plan.options();
  plan.mel().apply(work.power.data(), work.energies.data());
  floored_log(work.energies.data(), plan.mel().size());
  plan.dct().apply(work.energies.data(), row);
  if (o.energy()) row[0] = energy;
  if (!o.htk_compat) return;
  if (!o.energy()) row[0] *= static_cast<float>(M_SQRT2);
  std::rotate(row, row + 1, row + plan.dct().size());
}

// Log power of every bin; the log energy stands in bin 0, as in Kaldi.
void spectrogram_row(const Plan& plan, float energy, Workspace& work, float* row) {
  const int num_bins = plan.spectrum().num_bins();
  std::copy(work.power.begin(), work.power.begin() + num_bins, row);
  floored_log(row, num_bins);
  row[0] = energy;
}

void static_row(const Plan& plan, const float* samples, Workspace& work, float* row) {
  const Options& o = plan.options();
  const int64_t length = plan.framing().length;
  const bool has_energy = o.energy() || plan.type() == FeatureType::kSpectrogram;
  const auto coefficient = static_cast<float>(o.preemphasis_coefficient);
  float *frame = work.frame.data(), *windowed = work.windowed.data();
  copy_frame(samples, length, o.remove_dc_offset, frame);
  preemphasise_and_window(frame, plan.window(), coefficient, windowed);
  float energy = 0;
  if (has_energy) {
    energy = log_energy(o.raw_energy ? frame : windowed, length, plan.log_energy_floor());
  }
  plan.spectrum().power(windowed, work.spectrum, work.power.data());
  switch (plan.type()) {
    case FeatureType::kFbank:
      return fbank_row(plan, energy, work, row);
    case FeatureType::kMfcc:
      return mfcc_row(plan, energy, work, row);
    case FeatureType::kSpectrogram:
      return spectrogram_row(plan, energy, work, row);
    case FeatureType::kNone:
      return;
  }
}

}  // namespace

Workspace::Workspace(const Plan& plan)
    : frame(plan.framing().length),
      windowed(plan.spectrum().length()),
      power(plan.spectrum().num_bins() + MelBank::padding()),
      energies(plan.type() == FeatureType::kMfcc ? plan.mel().size() : 0),
      spectrum(plan.spectrum()) {}

void static_rows(const Plan& plan, const float* samples, int64_t count, Workspace& workspace,
                 float* rows) {
  for (int64_t t = 0; t < count; ++t) {
    static_row(plan, samples + t * plan.framing().shift, workspace, rows + t * plan.static_dim());
  }
}

}  // namespace pyser
