// Features of a complete signal: a stream that is given all samples, then finished.
#pragma once

#include <cstdint>
#include <vector>

#include "frontend/stream.h"

namespace pyser {

// Rows [plan.num_frames(count, sample_rate), plan.dim()] of `count` samples: int16_t as they are,
// float or double multiplied by `scale`. Throws InputError for bad samples or a rate that the
// options do not allow.
template <class T>
void compute_into(const Plan& plan, const T* samples, int64_t count, double sample_rate,
                  double scale, float* rows) {
  Stream stream(plan, sample_rate);
  const int64_t early = stream.num_rows(count, false);
  stream.accept(samples, count, scale, rows);
  stream.finish(rows + early * plan.dim());
}

// The same, of samples on the 16-bit scale.
template <class T>
std::vector<float> compute(const Plan& plan, const T* samples, int64_t count, double sample_rate) {
  std::vector<float> rows(plan.num_frames(count, sample_rate) * plan.dim());
  compute_into(plan, samples, count, sample_rate, 1.0, rows.data());
  return rows;
}

}  // namespace pyser
