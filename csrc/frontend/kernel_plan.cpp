#include "frontend/kernel_plan.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace pyser {
namespace {

constexpr int kShortestFft = 64, kLongestFft = 4096;
constexpr int kLastRadix = 4;

// Twiddles [length / radix][radix - 1] pairs of a pass.
std::vector<float> make_twiddles(int length, int radix) {
  std::vector<float> pairs;
  for (int j = 0; j < length / radix; ++j) {
    for (int u = 1; u < radix; ++u) {
      const double angle = -2 * M_PI * j * u / length;
      pairs.push_back(static_cast<float>(std::cos(angle)));
      pairs.push_back(static_cast<float>(std::sin(angle)));
    }
  }
  return pairs;
}

}  // namespace

KernelPlan::KernelPlan(const Options& o, const Framing& framing, std::vector<float> window,
                       const Spectrum& spectrum, const MelBank* mel, const Dct* dct)
    : window_(std::move(window)) {
  tables_.window = window_.data();
  make_framing(o, framing);
  make_fft(spectrum);
  make_columns(o, mel, dct);
}

void KernelPlan::make_framing(const Options& o, const Framing& framing) {
  KernelTables& t = tables_;
  t.length = static_cast<int>(framing.length);
  t.shift = static_cast<int>(framing.shift);
  t.chunk = std::min(t.shift, t.length);
  t.num_chunks = (t.length + t.chunk - 1) / t.chunk;
  t.offset = t.num_chunks * t.chunk - t.length;
  t.remove_mean = o.remove_dc_offset;
  t.inverse_length = static_cast<float>(1.0 / t.length);
  t.preemphasis = static_cast<float>(o.preemphasis_coefficient);
}

void KernelPlan::make_fft(const Spectrum& spectrum) {
  const int length = spectrum.length(), half = length / 2;
  tables_.num_bins = spectrum.num_bins();
  const bool is_power_of_two = (length & (length - 1)) == 0;
  if (!is_power_of_two || length < kShortestFft || length > kLongestFft) return;
  FftTables& fft = tables_.fft;
  fft.half = half;
  make_passes(half);
  for (int k = 0; k <= half / 2; ++k) {
    split_.push_back(spectrum.cosine()[k]);
    split_.push_back(spectrum.sine()[k]);
  }
  fft.split = split_.data();
  for (int j = 0; j < half / 8; ++j) {
    for (int m = 0; m < 8; ++m) {
      for (size_t n = 2 * (j + m * half / 8), end = n + 2; n < end; ++n) {
        fft_window_.push_back(n < window_.size() ? 0.5f * window_[n] : 0.0f);
      }
    }
  }
  for (const float value : fft_window_) int16_window_.push_back(value / kInt16Scale);
  fft.window[0] = fft_window_.data();
  fft.window[1] = int16_window_.data();
}

// Radices 8, then 8 as often as possible and one 4 or 2, then the last 4. Frequency
// k = u_1 + r_1 (u_2 + r_2 (...)) goes to output u_i of pass i, so to that part of its block.
void KernelPlan::make_passes(int half) {
  FftTables& fft = tables_.fft;
  position_.assign(half / kLastRadix, 0);
  int length = half;
  while (length > kLastRadix) {
    const int rest = length / kLastRadix;
    const int radix = length == half || rest >= 8 ? 8 : rest;
    const int blocks = half / length;
    twiddles_.push_back(make_twiddles(length, radix));
    fft.passes[fft.num_passes++] = {radix, blocks, length, twiddles_.back().data()};
    length /= radix;
    for (int k = 0; k < half / kLastRadix; ++k) {
      const int part = k / blocks % radix;
      position_[k] += part * (length + (blocks == 1 ? kBlockPadding : 0));
    }
  }
  fft.position = position_.data();
}

void KernelPlan::make_columns(const Options& o, const MelBank* mel, const Dct* dct) {
  KernelTables& t = tables_;
  t.magnitude = mel && !dct && !o.use_power;
  t.log_bands = dct || o.use_log_fbank;
  t.raw_energy = o.raw_energy;
  t.log_energy_floor = o.energy_floor > 0 ? static_cast<float>(std::log(o.energy_floor))
                                          : -std::numeric_limits<float>::infinity();
  t.energy_column = -1;
  if (!mel) {  // a spectrogram has the log energy in bin 0
    t.dim = t.num_bins;
    t.energy_column = 0;
    return;
  }
  t.num_bands = mel->size();
  for (const MelBank::Stretch& stretch : mel->stretches()) {
    std::vector<float> pairs;
    for (size_t i = 0; i < stretch.falling.size(); ++i) {
      pairs.insert(pairs.end(), {stretch.falling[i], stretch.rising[i]});
    }
    const auto count = static_cast<int>(stretch.falling.size() + 1) / 2 * 2;
    pairs.resize(2 * count, 0.0f);
    weights_.push_back(std::move(pairs));
    stretches_.push_back({stretch.first_bin, count, weights_.back().data()});
  }
  t.stretches = stretches_.data();
  if (dct) {
    dct_ = dct->matrix();
    t.dct = dct_.data();
    t.dim = dct->size();
    if (o.energy()) t.energy_column = o.htk_compat ? t.dim - 1 : 0;  // in the place of C0
    return;
  }
  t.dim = t.num_bands + (o.energy() ? 1 : 0);
  if (o.energy()) t.energy_column = o.htk_compat ? t.num_bands : 0;
  if (o.energy() && !o.htk_compat) t.first_column = 1;
}

}  // namespace pyser
