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

// Computes `count` consecutive frames, the first at `samples`, contiguous and on the 16-bit scale:
// (count - 1) * shift + length samples. Writes rows [count], plan.delta().stride() floats apart;
// the same bytes on any processor. T is float or int16_t.
template <class T>
void static_rows(const Plan& plan, const T* samples, int64_t count, Workspace& workspace,
                 float* rows);

}  // namespace pyser
