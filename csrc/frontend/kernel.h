// Static rows: samples -> rows without deltas, by the kernels of the processor.
#pragma once

#include <cstdint>

#include "base/float_buffer.h"
#include "frontend/plan.h"
#include "kernel/kernel_set.h"

namespace pyser {

// What the kernels write to while they work; one per thread.
class Workspace {
 public:
  explicit Workspace(const Plan& plan);

  // For kernels of `lanes` lanes.
  const Scratch& scratch(int lanes);

 private:
  struct SlowSpectrum {
    const Spectrum& spectrum;
    Spectrum::Scratch scratch;
  };

  const Plan& plan_;
  int lanes_ = 0;
  FloatBuffer memory_;
  SlowSpectrum slow_;
  Scratch scratch_{};
};

// Computes `count` consecutive frames, the first at `samples`, on the 16-bit scale and contiguous:
// (count - 1) * shift + length samples are used, and kSamplePadding more must be readable. Writes
// rows
// [count], plan.delta().stride() floats apart and aligned like FloatBuffer's. The same bytes on any processor.
void static_rows(const Plan& plan, const float* samples, int64_t count, Workspace& workspace,
                 float* rows);

}  // namespace pyser
