// Where frames lie in a signal: integers only.
#pragma once

#include <algorithm>
#include <cstdint>

namespace pyser {

struct Framing {
  int64_t length, shift;  // samples
  bool snip_edges;

  // First sample of frame t; negative, or beyond the end, where the signal is to be reflected.
  int64_t start(int64_t t) const {
    return snip_edges ? t * shift : t * shift + shift / 2 - length / 2;
  }

  // Frames of a complete signal.
  int64_t num_frames(int64_t num_samples) const {
    if (!snip_edges) return (num_samples + shift / 2) / shift;
    return num_samples < length ? 0 : 1 + (num_samples - length) / shift;
  }

  // Frames of a signal that goes on after `num_samples`: those that lie in it, or reach out of it
  // at its beginning only. Reflection there needs no sample that is not known yet.
  int64_t num_final_frames(int64_t num_samples) const {
    const int64_t room = num_samples - start(0) - length;
    return room < 0 ? 0 : 1 + room / shift;
  }

  // The sample that stands at index i of a signal reflected at both ends as often as needed:
  // -1 -> 0, -2 -> 1, n -> n - 1, n + 1 -> n - 2.
  static int64_t reflect(int64_t i, int64_t num_samples) {
    const int64_t period = 2 * num_samples;
    const int64_t phase = ((i % period) + period) % period;
    return phase < num_samples ? phase : period - 1 - phase;
  }
};

}  // namespace pyser
