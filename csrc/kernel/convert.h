// Loops that the compiler turns into vectors by itself.
#pragma once

#include "kernel/tables.h"

namespace pyser {
namespace {

template <class T>
void to_float(const T* samples, int64_t count, T scale, float* output) {
  for (int64_t i = 0; i < count; ++i) output[i] = static_cast<float>(samples[i] * scale);
}

inline void widen(const int16_t* samples, int64_t count, float* output) {
  for (int64_t i = 0; i < count; ++i) output[i] = samples[i];
}

// Whether no magnitude is above `limit`, nor any sample NaN.
template <class T>
bool all_within(const T* samples, int64_t count, T limit) {
  int bad = 0;
  for (int64_t i = 0; i < count; ++i) {
    const T x = samples[i];
    bad |= !(x <= limit) | !(x >= -limit);
  }
  return bad == 0;
}

// sums += x, squares += x^2 for each column of rows [count, dim]; the square of a float is exact.
inline void add_moments(const float* __restrict rows, int64_t count, int dim,
                        double* __restrict sums, double* __restrict squares) {
  for (int64_t t = 0; t < count; ++t, rows += dim) {
    for (int d = 0; d < dim; ++d) {
      const double x = rows[d];
      sums[d] += x;
      squares[d] += x * x;
    }
  }
}

}  // namespace
}  // namespace pyser
