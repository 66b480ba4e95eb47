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

DeltaPlan::DeltaPlan(int dim, int order, int window, bool htk_edges)
    : dim_(dim), order_(order), window_(window) {
  std::vector<std::vector<float>> filters = {{1.0f}};
  for (int i = 0; i < order; ++i) filters.push_back(next_filter(filters.back(), window));
  filters.erase(filters.begin());
  if (!htk_edges || order == 0) {
    add_stage(0, filters);
  } else {
    for (int i = 0; i < order; ++i) add_stage(i * dim, {filters[0]});
  }
}

// `filters` are those of order 1, 2, ...; of each, the half from its centre on is kept.
void DeltaPlan::add_stage(int skip, const std::vector<std::vector<float>>& filters) {
  Stage stage{0, {}, {skip, dim_, static_cast<int>(filters.size()), nullptr}};
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

int64_t DeltaStream::accept(const float* rows, int64_t count, int64_t stride, bool last,
                            float* output) {
  return advance(0, rows, count, stride, last, output);
}

// Rows of one stage, from there on to the next one; the last one writes the output.
int64_t DeltaStream::advance(size_t number, const float* rows, int64_t count, int64_t stride,
                             bool last, float* output) {
  const DeltaPlan::Stage& stage = plan_.stages_[number];
  Input& input = inputs_[number];
  const int64_t width = stage.tables.skip + stage.tables.dim;
  const auto append = [&](const float* row) { std::copy_n(row, width, input.rows.grow(width)); };
  for (int i = 0; i < stage.reach && count > 0 && !input.begun; ++i) append(rows);
  input.begun = input.begun || count > 0;
  for (int64_t t = 0; t < count; ++t) append(rows + t * stride);
  for (int i = 0; i < stage.reach && last && input.begun; ++i) {
    const std::vector<float> row(input.rows.data() + input.rows.size() - width,
                                 input.rows.data() + input.rows.size());
    append(row.data());
  }
  const int64_t ready = std::max<int64_t>(0, input.rows.size() / width - 2 * stage.reach);
  const float* centre = input.rows.data() + stage.reach * width;
  const bool is_output = number + 1 == inputs_.size();
  const int64_t columns = width + stage.tables.dim * stage.tables.num_orders;
  std::vector<float> intermediate(is_output ? 0 : ready * columns);
  float* to = is_output ? output : intermediate.data();
  kernels().deltas(stage.tables, centre, ready, to);
  input.rows.drop_front(ready * width);
  return is_output ? ready : advance(number + 1, to, ready, columns, last, output);
}

}  // namespace pyser
