#include "kernel/copy.h"

#include <algorithm>

#include "kernel/dispatch.h"

namespace pyser {
namespace {

constexpr int kCopyLanes = 4;

template <class T>
void copy_tile(const KernelTables& t, const Scratch&, const T* const* samples, int count,
               float* const* rows, int stride) {
  for (int lane = 0; lane < kCopyLanes; ++lane) {
    for (int i = 0; i < count; ++i) {
      const T* frame = samples[lane] + int64_t{i} * t.shift;
      std::copy_n(frame, std::min(t.dim, t.length), rows[lane] + int64_t{i} * stride);
    }
  }
}

void copy_rows(const DeltaTables& t, const float* rows, int64_t count, float* output) {
  for (int64_t i = 0; i < count; ++i, rows += t.stride) {
    output = std::copy_n(rows, t.skip + t.dim, output);
    for (int order = 0; order < t.num_orders; ++order) output = std::copy_n(rows, t.dim, output);
  }
}

}  // namespace

const KernelSet& copying_kernels() {
  static const KernelSet set = [] {
    KernelSet copy = kernels();
    copy.name = "copy";
    copy.lanes = kCopyLanes;
    copy.tile = copy_tile<float>;
    copy.tile_int16 = copy_tile<int16_t>;
    copy.deltas = copy_rows;
    return copy;
  }();
  return set;
}

}  // namespace pyser
