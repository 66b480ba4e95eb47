// A tile: as many stretches of signal as there are lanes, frame by frame, from samples to rows.
#pragma once

#include "kernel/bands.h"
#include "kernel/input.h"
#include "kernel/kernel_set.h"
#include "kernel/spectrum.h"

namespace pyser {
namespace {

// Log energies of the frames, on the scale of the signal.
template <class V>
inline typename V::Reg log_energy(const Frame<V>& frame) {
  using Reg = typename V::Reg;
  const KernelTables& t = frame.ring.tables;
  Reg sum;
  if (t.raw_energy) {
    sum = energy<V>(t.length, [&](int n) {
      const float* plain = frame.ring.plain + int64_t{frame.ring.place(frame.slot, n)} * V::kLanes;
      return (V::load(plain) - frame.mean) * V::set(1 / frame.scale);
    });
  } else {
    sum = energy<V>(t.length, [&](int n) { return frame.windowed(n); });
  }
  const Reg log = log_positive<V>(V::max(sum, V::set(kEnergyFloor)));
  return V::max(log, V::set(t.log_energy_floor));
}

// For FFT lengths that the kernels do not know: lane after lane, but those that are alike only
// once.
template <class V, class T>
inline void slow_spectrum(const Frame<V>& frame, const Scratch& scratch, const T* const* samples) {
  constexpr int kLanes = V::kLanes;
  const KernelTables& t = frame.ring.tables;
  for (int n = 0; n < t.length; ++n) V::store(scratch.points + n * kLanes, frame.windowed(n));
  for (int lane = 0; lane < kLanes; ++lane) {
    if (lane == 0 || samples[lane] != samples[lane - 1]) {
      for (int n = 0; n < t.length; ++n) scratch.frame[n] = scratch.points[n * kLanes + lane];
      scratch.spectrum(scratch.context, scratch.frame, scratch.bins);
    }
    for (int k = 0; k < t.num_bins; ++k) scratch.power[k * kLanes + lane] = scratch.bins[k];
  }
}

template <class V, class T>
inline void spectrum_of(const Frame<V>& frame, const Scratch& scratch, const T* const* samples) {
  const KernelTables& t = frame.ring.tables;
  if (t.fft.half == 0) return slow_spectrum<V>(frame, scratch, samples);
  first_pass<V>(frame, t.fft, scratch.points);
  power_spectrum<V>(t.fft, scratch.points, scratch.power);
}

template <class V, class T>
void tile(const KernelTables& t, const Scratch& scratch, const T* const* samples, int count,
          float* const* rows, int stride) {
  constexpr float kScale = sample_scale(static_cast<const T*>(nullptr));
  Ring<V> ring{t, scratch.emphasised,
               t.energy_column >= 0 && t.raw_energy ? scratch.plain : nullptr, scratch.sums};
  // What is read behind a frame or a spectrum gets the weight 0, but may not be NaN.
  V::store(ring.emphasised + int64_t{ring.place(0, t.length % ring.size())} * V::kLanes,
           typename V::Reg{});
  V::store(scratch.power + int64_t{t.num_bins} * V::kLanes, typename V::Reg{});
  const int padded = whole_lines(t.dim);
  for (int d = t.dim; d < padded; ++d) V::store(scratch.columns + d * V::kLanes, typename V::Reg{});
  float* row[V::kLanes];
  for (int lane = 0; lane < V::kLanes; ++lane) row[lane] = rows[lane];
  for (int index = 1 - t.num_chunks; index < 0; ++index) load_chunk<V>(ring, samples, index);
  for (int i = 0; i < count; ++i) {
    load_chunk<V>(ring, samples, i);
    const Frame<V> frame(ring, i % t.num_chunks, kScale);
    spectrum_of<V>(frame, scratch, samples);
    columns_of<V>(t, scratch.power, scratch.bands, scratch.columns);
    if (t.energy_column >= 0) {
      V::store(scratch.columns + t.energy_column * V::kLanes, log_energy<V>(frame));
    }
    put_rows<V>(scratch.columns, padded, row);
    for (int lane = 0; lane < V::kLanes; ++lane) row[lane] += stride;
  }
}

}  // namespace
}  // namespace pyser
