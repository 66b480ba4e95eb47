// Rows with deltas from rows without.
#pragma once

#include "kernel/tables.h"

namespace pyser {
namespace {

// The filter of one order around `row`. Odd orders have odd filters, even ones even filters, and
// both sum to zero: written with differences, a constant gives exactly zero.
template <class V, int Reach>
inline typename V::Reg delta(const DeltaFilter& filter, const float* row, int stride) {
  using Reg = typename V::Reg;
  const int reach = Reach > 0 ? Reach : filter.reach;
  const Reg minus_two = V::load(row) * V::set(-2.0f);
  Reg sum{};
#pragma GCC unroll 4
  for (int n = 1; n <= reach; ++n) {
    const Reg after = V::load(row + n * stride), before = V::load(row - n * stride);
    const Reg term = filter.is_odd ? after - before : (after + before) + minus_two;
    sum = V::fma(term, V::set(filter.weights[n]), sum);
  }
  return sum;
}

template <class V>
inline typename V::Reg delta(const DeltaFilter& filter, const float* row, int stride) {
  if (filter.reach == 2) return delta<V, 2>(filter, row, stride);
  if (filter.reach == 4) return delta<V, 4>(filter, row, stride);
  return delta<V, 0>(filter, row, stride);
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
  for (int64_t i = 0; i < count; ++i, rows += t.stride, output += columns) {
    if ((count - 1 - i) * columns >= V::kLanes) {
      delta_row<V, true>(t, rows, output);
    } else {
      delta_row<V, false>(t, rows, output);
    }
  }
}

}  // namespace
}  // namespace pyser
