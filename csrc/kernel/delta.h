// Rows with deltas from rows without.
#pragma once

#include "kernel/tables.h"

namespace pyser {
namespace {

// The filter of one order around `row`. Odd orders have odd filters, even ones even filters, and
// both sum to zero: written with differences, a constant gives exactly zero.
template <class V>
inline typename V::Reg delta(const DeltaFilter& filter, const float* row, int stride) {
  using Reg = typename V::Reg;
  Reg sum{};
  if (filter.is_odd) {
    for (int n = 1; n <= filter.reach; ++n) {
      const Reg difference = V::load(row + n * stride) - V::load(row - n * stride);
      sum = V::fma(difference, V::set(filter.weights[n]), sum);
    }
    return sum;
  }
  const Reg minus_centre = V::load(row) * V::set(-2.0f);
  for (int n = 1; n <= filter.reach; ++n) {
    const Reg curvature = (V::load(row + n * stride) + V::load(row - n * stride)) + minus_centre;
    sum = V::fma(curvature, V::set(filter.weights[n]), sum);
  }
  return sum;
}

// Writes `width` of the filtered columns of all blocks of one row.
template <class V>
inline void delta_columns(const DeltaTables& t, const float* row, int width, float* output) {
  const auto put = [&](float* to, typename V::Reg x) {
    if (width == V::kLanes) return V::store(to, x);
    float values[V::kLanes];
    V::store(values, x);
    for (int i = 0; i < width; ++i) to[i] = values[i];
  };
  put(output, V::load(row));
  for (int order = 0; order < t.num_orders; ++order) {
    put(output + (order + 1) * t.dim, delta<V>(t.filters[order], row, t.skip + t.dim));
  }
}

// rows [count, skip + dim], with the reach of the filters before and behind them, -> output
// [count, skip + dim * (num_orders + 1)]. The last columns of a block may be written twice.
template <class V>
void deltas(const DeltaTables& t, const float* rows, int64_t count, float* output) {
  constexpr int kLanes = V::kLanes;
  for (int64_t i = 0; i < count; ++i) {
    for (int d = 0; d < t.skip; ++d) *output++ = *rows++;
    if (t.dim < kLanes) delta_columns<V>(t, rows, t.dim, output);
    for (int d = 0; d < t.dim && t.dim >= kLanes; d += kLanes) {
      const int from = d + kLanes <= t.dim ? d : t.dim - kLanes;
      delta_columns<V>(t, rows + from, kLanes, output + from);
    }
    rows += t.dim;
    output += t.dim * (t.num_orders + 1);
  }
}

}  // namespace
}  // namespace pyser
