// Single values of a frame that stand beside the columns of the feature type.
#pragma once

#include <cstdint>

#include "frontend/plan.h"

namespace pyser {

// Of the frame minus its mean (with remove_dc_offset), before pre-emphasis and window, on the
// 16-bit scale, with L samples x_n:
//   log_energy  ln max(sum x_n^2, eps), not below ln energy_floor: Kaldi's raw log energy
//   zcr         how many of the L - 1 steps from x_{n-1} to x_n cross zero, / (L - 1); 0 is
//   positive rms         sqrt(sum x_n^2 / L)
// For `count` consecutive frames, contiguous as for static_rows, writes the listed features, in the
// order of plan.frame_features(), to rows [count], `stride` floats apart. The bytes depend on the
// samples of each frame alone.
void frame_feature_rows(const Plan& plan, const float* samples, int64_t count, float* rows,
                        int64_t stride);

}  // namespace pyser
