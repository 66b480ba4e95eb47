// The static-row kernel: samples -> rows without deltas. All arithmetic on samples is here.
#pragma once

#include <cstdint>
#include <vector>

#include "frontend/plan.h"

namespace pyser {

// What the kernel needs to write to while it works; one per thread.
struct Workspace {
  explicit Workspace(const Plan& plan);

  std::vector<float> frame;     // [frame length]
  std::vector<float> windowed;  // [FFT length], zero beyond the frame length
  std::vector<float> power;     // [FFT bins + padding of the mel bank], zero beyond the bins
  std::vector<float> energies;  // [mel bins]
  Spectrum::Scratch spectrum;
};

// Computes `count` consecutive frames, the first at `samples`, on the 16-bit scale and contiguous:
// (count - 1) * shift + length samples are read. Writes rows [count, plan.static_dim()].
void static_rows(const Plan& plan, const float* samples, int64_t count, Workspace& workspace,
                 float* rows);

}  // namespace pyser
