#include "dsp/delta.h"

#include <algorithm>
#include <utility>

#include "kernel/dispatch.h"

namespace pyser {
namespace {

// The filter of one more order: `filter` convolved with n / sum n^2, n = -window .. window.
std::vector<float> next_filter(const std::vector<float>& filter, int window) {
  double norm = 0;
  for (int n = -window; n <= window; ++n) norm += static_cast<double>(n) * n;
  std::vector<double> sums(filter.size() + 2 * window, 0.0);
  for (int n = -window; n <= window; ++n) {
    for (size_t k = 0; k < filter.size(); ++k) sums[k + n + window] += n * double{filter[k]};
  }
  std::vector<float> result;
  for (const double sum : sums) result.push_back(static_cast<float>(sum / norm));
  return result;
}

}  // namespace

DeltaPlan::DeltaPlan(int dim, int width, int order, int window, bool htk_edges)
    : dim_(dim), order_(order), window_(window) {
  std::vector<std::vector<float>> filters = {{1.0f}};
  for (int i = 0; i < order; ++i) filters.push_back(next_filter(filters.back(), window));
  filters.erase(filters.begin());
  if (!htk_edges || order == 0) {
    add_stage(0, width, filters);
  } else {
    for (int i = 0; i < order; ++i) add_stage(i * dim, i == 0 ? width : 0, {filters[0]});
  }
}

// `filters` are those of order 1, 2, ...; of each, the half from its centre on is kept.
void DeltaPlan::add_stage(int skip, int width, const std::vector<std::vector<float>>& filters) {
  width = std::max(width, skip + dim_);
  const int stride = whole_lines(width);
  Stage stage{0, {}, {skip, dim_, stride, static_cast<int>(filters.size()), nullptr}};
  for (size_t i = 0; i < filters.size(); ++i) {
    const auto reach = static_cast<int>(filters[i].size() / 2);
    weights_.emplace_back(filters[i].begin() + reach, filters[i].end());
    stage.filters.push_back({i % 2 == 0, reach, weights_.back().data()});
    stage.reach = reach;
  }
  stages_.push_back(std::move(stage));
  stages_.back().tables.filters = stages_.back().filters.data();
}

int64_t DeltaPlan::num_final(int64_t num_static) const {
  return std::max<int64_t>(0, num_static - static_cast<int64_t>(order()) * window_);
}

float* DeltaStream::grow(int64_t count) {
  num_pending_ += count;
  return grow(0, count);
}

// Makes room for `count` more rows of a stage.
float* DeltaStream::grow(size_t number, int64_t count) {
  const DeltaPlan::Stage& stage = plan_.stages_[number];
  Input& input = inputs_[number];
  if (count > 0 && !input.begun) {
    input.rows.grow(int64_t{stage.reach} *
                    stage.tables.stride);  // for repetitions of the first row
    input.begun = true;
  }
  return input.rows.grow(count * stage.tables.stride);
}

float* DeltaStream::pending() {
  FloatBuffer& rows = inputs_.front().rows;
  return rows.data() + rows.size() - num_pending_ * plan_.stride();
}

int64_t DeltaStream::emit(int64_t count, bool last, float* output) {
  num_pending_ -= count;
  return advance(0, count, last, output);
}

// `count` more rows of a stage are complete; from there they go on to the next stage, and from the
// last one to the output.
int64_t DeltaStream::advance(size_t number, int64_t count, bool last, float* output) {
  const DeltaPlan::Stage& stage = plan_.stages_[number];
  const int64_t stride = stage.tables.stride, reach = stage.reach;
  FloatBuffer& rows = inputs_[number].rows;
  if (!inputs_[number].begun) return 0;
  const int64_t waiting = number == 0 ? num_pending_ : 0;
  int64_t known = rows.size() / stride - waiting;
  if (known == count + reach) {  // these are the first rows
    for (int64_t i = 0; i < reach; ++i) {
      std::copy_n(rows.data() + reach * stride, stride, rows.data() + i * stride);
    }
  }
  if (last) {
    float* end = rows.grow(reach * stride);
    for (int64_t i = 0; i < reach; ++i) std::copy_n(end - stride, stride, end + i * stride);
    known += reach;
  }
  const int64_t ready = std::max<int64_t>(0, known - 2 * reach);
  const float* centre = rows.data() + reach * stride;
  if (number + 1 == inputs_.size()) {
    kernels().deltas(stage.tables, centre, ready, output);
    rows.drop_front(ready * stride);
    return ready;
  }
  const int64_t columns = stage.tables.skip + 2 * stage.tables.dim;
  std::vector<float> filtered(ready * columns);
  kernels().deltas(stage.tables, centre, ready, filtered.data());
  rows.drop_front(ready * stride);
  float* next = grow(number + 1, ready);
  for (int64_t i = 0; i < ready; ++i) {
    std::copy_n(filtered.data() + i * columns, columns,
                next + i * plan_.stages_[number + 1].tables.stride);
  }
  return advance(number + 1, ready, last, output);
}

}  // namespace pyser
