// From the power spectra of all lanes to the columns of their rows.
#pragma once

#include "kernel/log.h"
#include "kernel/tables.h"

namespace pyser {
namespace {

// Mel energies. A bin lies between two corners of the filters, so it feeds the filter that falls
// there and the one that rises. The two sides of a filter are summed apart, each in two sums.
template <class V>
[[gnu::noinline]] void mel_bands(const KernelTables& t, const float* power, float* bands) {
  using Reg = typename V::Reg;
  Reg risen{};
  for (int band = 0; band <= t.num_bands; ++band) {
    const BandStretch& stretch = t.stretches[band];
    const float* bin = power + int64_t{stretch.first} * V::kLanes;
    const float* weight = stretch.weights;
    Reg falling[2] = {}, rising[2] = {};
    for (int i = 0; i < stretch.count; i += 2) {
      for (int half = 0; half < 2; ++half, bin += V::kLanes, weight += 2) {
        const Reg x = V::load(bin);
        falling[half] = V::fma(x, V::set(weight[0]), falling[half]);
        rising[half] = V::fma(x, V::set(weight[1]), rising[half]);
      }
    }
    if (band > 0) V::store(bands + (band - 1) * V::kLanes, risen + (falling[0] + falling[1]));
    risen = rising[0] + rising[1];
  }
}

template <class V>
[[gnu::noinline]] void floored_log(float* values, int count) {
  for (int i = 0; i < count; ++i, values += V::kLanes) {
    V::store(values, log_positive<V>(V::max(V::load(values), V::set(kEnergyFloor))));
  }
}

// columns[k] = sum_m matrix[k][m] bands[m], in four sums: of silence all terms are alike, and so
// would be the errors of one.
template <class V>
inline void cosine_transform(const float* matrix, const float* bands, int num_bands, int count,
                             float* columns) {
  for (int k = 0; k < count; ++k, matrix += num_bands) {
    typename V::Reg sum[4] = {};
    for (int m = 0; m < num_bands; ++m) {
      sum[m % 4] = V::fma(V::load(bands + m * V::kLanes), V::set(matrix[m]), sum[m % 4]);
    }
    V::store(columns + k * V::kLanes, (sum[0] + sum[2]) + (sum[1] + sum[3]));
  }
}

// power [num_bins] is used up; bands [num_bands] is scratch; columns [dim].
template <class V>
inline void columns_of(const KernelTables& t, float* power, float* bands, float* columns) {
  constexpr int kLanes = V::kLanes;
  columns += t.first_column * kLanes;
  if (t.num_bands == 0) {
    for (int k = 0; k < t.num_bins; ++k)
      V::store(columns + k * kLanes, V::load(power + k * kLanes));
    return floored_log<V>(columns, t.num_bins);
  }
  if (t.magnitude) {
    for (int k = 0; k < t.num_bins; ++k) {
      V::store(power + k * kLanes, V::sqrt(V::load(power + k * kLanes)));
    }
  }
  if (!t.dct) bands = columns;
  mel_bands<V>(t, power, bands);
  if (t.log_bands) floored_log<V>(bands, t.num_bands);
  if (t.dct) cosine_transform<V>(t.dct, bands, t.num_bands, t.dim, columns);
}

// columns [stride] of the lanes -> row [stride] of each lane.
template <class V>
[[gnu::noinline]] void put_rows(const float* columns, int stride, float* const* rows) {
  constexpr int kLanes = V::kLanes;
  for (int d = 0; d < stride; d += kLanes) {
    typename V::Reg x[kLanes];
    for (int i = 0; i < kLanes; ++i) x[i] = V::load(columns + (d + i) * kLanes);
    V::transpose(x);
    for (int lane = 0; lane < kLanes; ++lane) V::store(rows[lane] + d, x[lane]);
  }
}

}  // namespace
}  // namespace pyser
