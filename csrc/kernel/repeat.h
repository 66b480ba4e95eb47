// One part of the work on a tile, again and again: where the time goes.
#pragma once

#include "kernel/tile.h"

namespace pyser {
namespace {

template <class V>
void repeat(const KernelTables& t, const Scratch& scratch, const int16_t* const* samples,
            Stage stage, int times, float* const* rows) {
  Ring<V> ring{t, scratch.emphasised, nullptr, scratch.sums};
  for (int index = 1 - t.num_chunks; index <= 0; ++index) load_chunk<V>(ring, samples, index);
  for (int i = 0; i < times; ++i) {
    const Frame<V> frame(ring, 0, kInt16Scale);
    switch (stage) {
      case Stage::kFraming:
        load_chunk<V>(ring, samples, 0);
        break;
      case Stage::kFft:
        spectrum_of<V>(frame, scratch, samples);
        break;
      case Stage::kMel:
        if (t.num_bands > 0) mel_bands<V>(t, scratch.power, scratch.bands);
        break;
      case Stage::kLog:
        floored_log<V>(scratch.power, t.num_bands > 0 ? t.num_bands : t.num_bins);
        break;
      case Stage::kRows:
        put_rows<V>(scratch.columns, whole_lines(t.dim), rows);
        break;
    }
  }
}

}  // namespace
}  // namespace pyser
