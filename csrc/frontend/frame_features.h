// Single values of a frame that stand beside the columns of the feature type.
#pragma once

#include <cstdint>

#include "frontend/plan.h"
#include "pitch/pitch_stream.h"

namespace pyser {

// Of the frame minus its mean (with remove_dc_offset), before pre-emphasis and window, on the
// 16-bit scale, with L samples x_n:
//   log_energy  ln max(sum x_n^2, eps), not below ln energy_floor: Kaldi's raw log energy
//   zcr         the part of the L - 1 steps from x_{n-1} to x_n that cross zero; 0 is positive
//   rms         sqrt(sum x_n^2 / L)
// For `count` consecutive frames, contiguous as for static_rows, writes these features to their
// columns in rows [count], `stride` floats apart, the first column that of the first of
// plan.frame_features(). The bytes depend on the samples of each frame alone.
void frame_feature_rows(const Plan& plan, const float* samples, int64_t count, float* rows,
                        int64_t stride);

// The features of the pitch, in the same way, for the frames from `first` to `end`:
//   f0       Hz; there is one in every frame, voiced or not
//   log_f0   its natural logarithm
//   nccf     normalised cross-correlation at the chosen lag, from about -1 to 1, without ballast
//   voicing  the probability that the frame is voiced, a function of |nccf|: Kaldi's NccfToPov
void pitch_feature_rows(const Plan& plan, const PitchStream& pitch, int64_t first, int64_t end,
                        float* rows, int64_t stride);

}  // namespace pyser
