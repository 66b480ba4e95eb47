#include "frontend/kernel.h"

#include <algorithm>

#include "kernel/dispatch.h"

namespace pyser {
namespace {

constexpr int kMaxLanes = 16;

auto tile_of(const KernelSet& set, const float*) { return set.tile; }
auto tile_of(const KernelSet& set, const int16_t*) { return set.tile_int16; }

}  // namespace

Workspace::Workspace(const Plan& plan)
    : plan_(plan), slow_{plan.spectrum(), Spectrum::Scratch(plan.spectrum())} {}

const Scratch& Workspace::scratch(int lanes) {
  if (lanes == lanes_) return scratch_;
  const KernelTables& t = plan_.kernel().tables();
  const size_t ring = static_cast<size_t>(t.num_chunks) * t.chunk, bins = t.num_bins;
  const size_t points = std::max<size_t>(plan_.spectrum().length(), t.length) + 16 * kBlockPadding;
  const struct {
    float** pointer;
    size_t size;
  } parts[] = {
      {&scratch_.emphasised, (ring + 1) * lanes},
      {&scratch_.plain, ring * lanes},
      {&scratch_.sums, 4ul * t.num_chunks * lanes},
      {&scratch_.points, points * lanes},
      {&scratch_.power, (bins + 1) * lanes},
      {&scratch_.bands, 1ul * t.num_bands * lanes},
      {&scratch_.columns, static_cast<size_t>(whole_lines(t.dim)) * lanes},
      {&scratch_.frame, points},
      {&scratch_.bins, bins},
  };
  size_t total = 0;
  for (const auto& part : parts) total += whole_lines(part.size);
  memory_.clear();
  float* next = memory_.grow(static_cast<int64_t>(total));
  for (const auto& part : parts) {
    *part.pointer = next;
    next += whole_lines(part.size);
  }
  std::fill_n(scratch_.frame, points, 0.0f);  // the kernels write the frame, not the padding
  scratch_.context = &slow_;
  scratch_.spectrum = [](void* context, const float* frame, float* power) {
    auto* slow = static_cast<SlowSpectrum*>(context);
    slow->spectrum.power(frame, slow->scratch, power);
  };
  lanes_ = lanes;
  return scratch_;
}

// Every lane gets the same number of consecutive frames; the last ones overlap where the frames do
// not come out even.
template <class T>
void static_rows(const Plan& plan, const T* samples, int64_t count, Workspace& workspace,
                 float* rows) {
  if (count <= 0) return;
  const KernelTables& tables = plan.kernel().tables();
  const KernelSet& set = kernels();
  const int stride = plan.delta().stride();
  const int64_t steps = (count + set.lanes - 1) / set.lanes;
  const T* starts[kMaxLanes];
  float* outputs[kMaxLanes];
  for (int lane = 0; lane < set.lanes; ++lane) {
    const int64_t first = std::min(lane * steps, count - steps);
    starts[lane] = samples + first * tables.shift;
    outputs[lane] = rows + first * stride;
  }
  const auto tile = tile_of(set, samples);
  tile(tables, workspace.scratch(set.lanes), starts, static_cast<int>(steps), outputs, stride);
}

template void static_rows(const Plan&, const float*, int64_t, Workspace&, float*);
template void static_rows(const Plan&, const int16_t*, int64_t, Workspace&, float*);

}  // namespace pyser
