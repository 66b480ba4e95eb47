// Samples of the lanes, on their way into frames.
//
// A lane is a stretch of a signal. A frame needs `chunk` new samples of it: they are transposed, so
// that sample n of all lanes is one vector, pre-emphasised, and kept in a ring as long as a frame
// contains them. Every sample is treated once, however many frames it lies in.
#pragma once

#include "kernel/tables.h"

namespace pyser {
namespace {

// Vectors of the last `num_chunks` chunks. A frame begins at sample `offset` of a chunk, so sums
// are kept of the two parts of a chunk, before and from there.
template <class V>
struct Ring {
  using Reg = typename V::Reg;
  enum Part { kHead, kTail };

  const KernelTables& tables;
  float* emphasised;  // [num_chunks * chunk + 1]; the last one repeats the first
  float* plain;       // [num_chunks * chunk] samples as they are; null where no energy needs them
  float* sums;        // [num_chunks][2 parts][2]: first sample, sum of the differences to it
  Reg previous{};     // the sample before the next one

  int size() const { return tables.num_chunks * tables.chunk; }
  float* first(int slot, Part part) const { return sums + (slot * 4 + part * 2) * V::kLanes; }
  float* sum(int slot, Part part) const { return first(slot, part) + V::kLanes; }

  // Where sample n of the frame that begins in chunk `slot` lies.
  int place(int slot, int n) const {
    const int at = slot * tables.chunk + tables.offset + n;
    return at < size() ? at : at - size();
  }
};

// The next V::kGroup samples of all lanes, samples[lane] + at and behind: one vector for each.
template <class V>
inline void load_group(const float* const* samples, int64_t at, typename V::Reg (&x)[V::kGroup]) {
  static_assert(V::kGroup == V::kLanes);
  for (int lane = 0; lane < V::kLanes; ++lane) x[lane] = V::load(samples[lane] + at);
  V::transpose(x);
}

// Two samples are transposed as one number. Its halves become floats as multiples of kInt16Scale:
// that takes one operation each, where extending the sign takes two.
template <class V>
inline void load_group(const int16_t* const* samples, int64_t at, typename V::Reg (&x)[V::kGroup]) {
  using Int = typename V::Int;
  Int pairs[V::kGroup / 2];
  V::load_pairs(samples, at, pairs);
  for (int i = 0; i < V::kGroup / 2; ++i) {
    x[2 * i] = __builtin_convertvector(pairs[i] << 16, typename V::Reg);
    x[2 * i + 1] = __builtin_convertvector(pairs[i] & ~0xffff, typename V::Reg);
  }
}

inline constexpr float sample_scale(const float*) { return 1; }
inline constexpr float sample_scale(const int16_t*) { return kInt16Scale; }

// The same for fewer samples; reads nothing behind them.
template <class V, class T>
inline void load_some(const T* const* samples, int64_t at, int count,
                      typename V::Reg (&x)[V::kGroup]) {
  T copies[V::kLanes][V::kGroup] = {};
  const T* rows[V::kLanes];
  for (int lane = 0; lane < V::kLanes; ++lane) {
    for (int i = 0; i < count; ++i) copies[lane][i] = samples[lane][at + i];
    rows[lane] = copies[lane];
  }
  load_group<V>(rows, 0, x);
}

// Takes samples `begin` .. `end` - 1 of a chunk; the chunk starts at samples[lane] + start.
template <class V, class T>
inline void load_part(Ring<V>& ring, const T* const* samples, int64_t start, int slot,
                      typename Ring<V>::Part part, int begin, int end) {
  using Reg = typename V::Reg;
  constexpr int kLanes = V::kLanes, kGroup = V::kGroup;
  const Reg factor = V::set(-ring.tables.preemphasis);
  const int64_t base = int64_t{slot} * ring.tables.chunk;
  Reg reference{}, even{}, odd{}, previous = ring.previous;
  for (int n = begin; n < end; n += kGroup) {
    const int count = end - n < kGroup ? end - n : kGroup;
    Reg x[kGroup];
    if (count == kGroup) {
      load_group<V>(samples, start + n, x);
    } else {
      load_some<V>(samples, start + n, count, x);
    }
    if (n == begin) reference = x[0];
    const auto take = [&](int i) {
      const int64_t at = (base + n + i) * kLanes;
      V::store(ring.emphasised + at, V::fma(factor, previous, x[i]));
      if (ring.plain) V::store(ring.plain + at, x[i]);
      (i % 2 == 0 ? even : odd) += x[i] - reference;
      previous = x[i];
    };
    if (count == kGroup) {
#pragma GCC unroll 16
      for (int i = 0; i < kGroup; ++i) take(i);
    } else {
      for (int i = 0; i < count; ++i) take(i);
    }
  }
  ring.previous = previous;
  V::store(ring.first(slot, part), reference);
  V::store(ring.sum(slot, part), even + odd);
}

// Takes chunk `index` of the lanes: chunk 0 completes frame 0, the ones before it have negative
// numbers, and the first of these is needed from `offset` on.
template <class V, class T>
inline void load_chunk(Ring<V>& ring, const T* const* samples, int index) {
  const KernelTables& t = ring.tables;
  const int first = 1 - t.num_chunks;
  const int slot = (index - first) % t.num_chunks;
  const int64_t start = int64_t{index} * t.shift + t.length - t.chunk;
  if (index > first) load_part<V>(ring, samples, start, slot, Ring<V>::kHead, 0, t.offset);
  load_part<V>(ring, samples, start, slot, Ring<V>::kTail, t.offset, t.chunk);
  if (slot == 0) {
    V::store(ring.emphasised + int64_t{ring.size()} * V::kLanes, V::load(ring.emphasised));
  }
}

// Mean of the frame that begins in chunk `slot`: its first sample, and the mean difference to it,
// so that the mean of a constant is that constant.
template <class V>
inline typename V::Reg mean(const Ring<V>& ring, int slot) {
  using Reg = typename V::Reg;
  const KernelTables& t = ring.tables;
  const Reg base = V::load(ring.first(slot, Ring<V>::kTail));
  Reg sum = V::load(ring.sum(slot, Ring<V>::kTail));
  const auto add = [&](int chunk, typename Ring<V>::Part part, int count) {
    const Reg difference = V::load(ring.first(chunk, part)) - base;
    sum += V::fma(difference, V::set(static_cast<float>(count)), V::load(ring.sum(chunk, part)));
  };
  for (int i = 1; i < t.num_chunks; ++i) {
    const int chunk = slot + i < t.num_chunks ? slot + i : slot + i - t.num_chunks;
    if (t.offset > 0) add(chunk, Ring<V>::kHead, t.offset);
    add(chunk, Ring<V>::kTail, t.chunk - t.offset);
  }
  return V::fma(sum, V::set(t.inverse_length), base);
}

// The frames that begin in chunk `slot` of all lanes.
template <class V>
struct Frame {
  using Reg = typename V::Reg;
  const Ring<V>& ring;
  int slot;
  float scale;   // the ring holds the samples times this
  Reg mean{};    // of the samples in the ring; 0 where it is to stay
  Reg offset{};  // minus the mean of the emphasised samples

  Frame(Ring<V>& all, int begins_in, float ring_scale)
      : ring(all), slot(begins_in), scale(ring_scale) {
    const KernelTables& t = ring.tables;
    const Reg factor = V::set(-t.preemphasis);
    if (t.remove_mean) mean = pyser::mean<V>(ring, slot);
    // Rounded as the samples are: a constant minus its mean is zero.
    offset = -V::fma(factor, mean, mean);
    // The first sample has none before it, and is taken for its own. No later frame contains it.
    const Reg first = V::load(ring.first(slot, Ring<V>::kTail));
    V::store(ring.emphasised + int64_t{ring.place(slot, 0)} * V::kLanes,
             V::fma(factor, first, first));
  }

  // Sample n, pre-emphasised, without its mean, times the window.
  Reg windowed(int n) const {
    const Reg x = V::load(ring.emphasised + int64_t{ring.place(slot, n)} * V::kLanes);
    return (x + offset) * V::set(ring.tables.window[n] / scale);
  }
};

// Sum of term(n)^2 over a frame.
template <class V, class Term>
inline typename V::Reg energy(int length, Term term) {
  typename V::Reg sum[4] = {};
  int n = 0;
  for (; n + 4 <= length; n += 4) {
    for (int i = 0; i < 4; ++i) {
      const auto x = term(n + i);
      sum[i] = V::fma(x, x, sum[i]);
    }
  }
  for (int i = 0; n + i < length; ++i) {
    const auto x = term(n + i);
    sum[i] = V::fma(x, x, sum[i]);
  }
  return (sum[0] + sum[2]) + (sum[1] + sum[3]);
}

}  // namespace
}  // namespace pyser
