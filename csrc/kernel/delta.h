// Rows with deltas from rows without.
#pragma once

#include "kernel/tables.h"

namespace pyser {
namespace {

// The filter of one order around `row`. Odd orders have odd filters, even ones even filters, and
// both sum to zero: written with differences, a constant gives exactly zero.
template <class V, bool IsOdd, int Reach>
inline typename V::Reg filtered(const float* weights, const float* row, int stride) {
  using Reg = typename V::Reg;
  const Reg minus_two = V::load(row) * V::set(-2.0f);
  Reg sum{};
#pragma GCC unroll 4
  for (int n = 1; n <= Reach; ++n) {
    const Reg after = V::load(row + n * stride), before = V::load(row - n * stride);
    const Reg term = IsOdd ? after - before : (after + before) + minus_two;
    sum = V::fma(term, V::set(weights[n]), sum);
  }
  return sum;
}

// Any reach, by pieces of one.
template <class V>
inline typename V::Reg delta(const DeltaFilter& f, const float* row, int stride) {
  using Reg = typename V::Reg;
  if (f.is_odd && f.reach == 2) return filtered<V, true, 2>(f.weights, row, stride);
  if (!f.is_odd && f.reach == 4) return filtered<V, false, 4>(f.weights, row, stride);
  Reg sum{};
  const Reg minus_two = V::load(row) * V::set(-2.0f);
  for (int n = 1; n <= f.reach; ++n) {
    const Reg after = V::load(row + n * stride), before = V::load(row - n * stride);
    const Reg term = f.is_odd ? after - before : (after + before) + minus_two;
    sum = V::fma(term, V::set(f.weights[n]), sum);
  }
  return sum;
}

// One row -> output. Where `Whole` vectors are stored, what they hold beyond the columns of a block
// is overwritten by the next block, and behind the last one by the next row.
template <class V, bool Whole>
inline void delta_row(const DeltaTables& t, const float* row, float* output) {
  const auto put = [](float* to, typename V::Reg x, int width) {
    if (Whole || width >= V::kLanes) return V::store(to, x);
    for (int i = 0; i < width; ++i) to[i] = x[i];
  };
  const int columns = t.skip + t.dim;
  for (int d = 0; d < columns; d += V::kLanes) put(output + d, V::load(row + d), columns - d);
  output += columns;
  for (int order = 0; order < t.num_orders; ++order, output += t.dim) {
    for (int d = 0; d < t.dim; d += V::kLanes) {
      put(output + d, delta<V>(t.filters[order], row + t.skip + d, t.stride), t.dim - d);
    }
  }
}

template <class V>
void deltas(const DeltaTables& t, const float* rows, int64_t count, float* output) {
  const int columns = t.skip + t.dim * (t.num_orders + 1);
  const int64_t spill = (V::kLanes + columns - 1) / columns;  // rows at the end
  int64_t i = 0;
  for (; i < count - spill; ++i) delta_row<V, true>(t, rows + i * t.stride, output + i * columns);
  for (; i < count; ++i) delta_row<V, false>(t, rows + i * t.stride, output + i * columns);
}

}  // namespace
}  // namespace pyser
