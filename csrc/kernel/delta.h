// Rows with deltas from rows without.
#pragma once

#include "kernel/tables.h"

namespace pyser {
namespace {

// The filter of one order around `row`. Odd orders have odd filters, even ones even filters, and
// both sum to zero: written with differences, a constant gives exactly zero.
template <class V>
inline typename V::Reg filtered(const DeltaFilter& f, const float* row, int stride) {
  using Reg = typename V::Reg;
  const Reg minus_two = V::load(row) * V::set(-2.0f);
  Reg sum{};
  for (int n = 1; n <= f.reach; ++n) {
    const Reg after = V::load(row + n * stride), before = V::load(row - n * stride);
    const Reg term = f.is_odd ? after - before : (after + before) + minus_two;
    sum = V::fma(term, V::set(f.weights[n]), sum);
  }
  return sum;
}

// `width` columns of a row, and what the filters make of them, -> output. Where all rows that
// follow are written later, whole vectors are stored, for what they hold beyond the columns is
// overwritten.
template <class V>
inline void put_columns(float* output, typename V::Reg x, int width, bool whole) {
  if (whole) return V::store(output, x);
  for (int i = 0; i < width; ++i) output[i] = x[i];
}

template <class V>
inline void any_deltas(const DeltaTables& t, const float* row, int width, bool whole,
                       float* output) {
  put_columns<V>(output, V::load(row), width, whole);
  for (int order = 0; order < t.num_orders; ++order) {
    const auto x = filtered<V>(t.filters[order], row, t.stride);
    put_columns<V>(output + (order + 1) * t.dim, x, width, whole);
  }
}

// The usual case: two orders of two rows to each side, all weights at hand.
template <class V>
struct UsualDeltas {
  using Reg = typename V::Reg;
  Reg first[3], second[5], minus_two = V::set(-2.0f);

  static bool fits(const DeltaTables& t) {
    return t.num_orders == 2 && t.filters[0].reach == 2 && t.filters[1].reach == 4;
  }
  explicit UsualDeltas(const DeltaTables& t) {
    for (int n = 0; n < 3; ++n) first[n] = V::set(t.filters[0].weights[n]);
    for (int n = 0; n < 5; ++n) second[n] = V::set(t.filters[1].weights[n]);
  }
  inline void operator()(const DeltaTables& t, const float* row, int width, bool whole,
                         float* output) const {
    const auto at = [&](int n) { return V::load(row + n * t.stride); };
    const Reg x = at(0), centre = x * minus_two;
    const Reg a1 = at(1), b1 = at(-1), a2 = at(2), b2 = at(-2);
    Reg delta = V::fma(a1 - b1, first[1], Reg{});
    delta = V::fma(a2 - b2, first[2], delta);
    Reg delta2 = V::fma((a1 + b1) + centre, second[1], Reg{});
    delta2 = V::fma((a2 + b2) + centre, second[2], delta2);
    delta2 = V::fma((at(3) + at(-3)) + centre, second[3], delta2);
    delta2 = V::fma((at(4) + at(-4)) + centre, second[4], delta2);
    put_columns<V>(output, x, width, whole);
    put_columns<V>(output + t.dim, delta, width, whole);
    put_columns<V>(output + 2 * t.dim, delta2, width, whole);
  }
};

// Columns in groups of a vector, the last group first: so what is overwritten is written later.
// `behind` rows more will be written behind these.
template <class V, class Filter>
inline void deltas_of_rows(const DeltaTables& t, const float* rows, int64_t count, int64_t behind,
                           float* output, const Filter& filter) {
  const int columns = t.skip + t.dim * (t.num_orders + 1);
  for (int d = (t.dim - 1) / V::kLanes * V::kLanes; d >= 0; d -= V::kLanes) {
    const int width = t.dim - d < V::kLanes ? t.dim - d : V::kLanes;
    // Rows whose whole vectors would reach beyond the last one.
    const int64_t spill = width < V::kLanes ? (V::kLanes + columns - 1) / columns - behind : 0;
    const float* row = rows + t.skip + d;
    float* to = output + t.skip + d;
    int64_t i = 0;
    for (; i < count && i < count - spill; ++i, row += t.stride, to += columns)
      filter(t, row, width, true, to);
    for (; i < count; ++i, row += t.stride, to += columns) filter(t, row, width, false, to);
  }
  for (int64_t i = 0; i < count && t.skip > 0; ++i) {
    for (int d = 0; d < t.skip; ++d) output[i * columns + d] = rows[i * t.stride + d];
  }
}

template <class V>
void deltas(const DeltaTables& t, const float* rows, int64_t count, float* output) {
  constexpr int64_t kBlock =
      32;  // rows that stay in the cache from one group of columns to the next
  for (int64_t i = 0; i < count; i += kBlock) {
    const int64_t block = count - i < kBlock ? count - i : kBlock, behind = count - i - block;
    float* to = output + i * (t.skip + t.dim * (t.num_orders + 1));
    if (UsualDeltas<V>::fits(t)) {
      deltas_of_rows<V>(t, rows + i * t.stride, block, behind, to, UsualDeltas<V>(t));
    } else {
      deltas_of_rows<V>(t, rows + i * t.stride, block, behind, to, any_deltas<V>);
    }
  }
}

}  // namespace
}  // namespace pyser
