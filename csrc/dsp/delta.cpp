#include "dsp/delta.h"

#include <algorithm>

namespace pyser {
namespace {

// row += weight (after - before).
void add_difference(float weight, const float* before, const float* after, int dim,
                    float* __restrict row) {
  for (int d = 0; d < dim; ++d) row[d] += weight * (after[d] - before[d]);
}

// row += weight (before + after - 2 centre).
void add_curvature(float weight, const float* before, const float* centre, const float* after,
                   int dim, float* __restrict row) {
  for (int d = 0; d < dim; ++d) {
    row[d] += weight * ((after[d] - centre[d]) + (before[d] - centre[d]));
  }
}

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
    : htk_edges_(htk_edges), dim_(dim), window_(window) {
  std::vector<float> filter = {1.0f};
  for (int i = 0; i < order; ++i) {
    filter = next_filter(htk_edges ? std::vector<float>{1.0f} : filter, window);
    filters_.push_back(filter);
  }
}

int64_t DeltaPlan::num_final(int64_t num_static) const {
  return std::max<int64_t>(0, num_static - static_cast<int64_t>(order()) * window_);
}

DeltaStream::DeltaStream(const DeltaPlan& plan) : plan_(plan), blocks_(plan.order() + 1) {}

int64_t DeltaStream::accept(const float* rows, int64_t count, int64_t stride, bool last,
                            float* output) {
  const int dim = plan_.dim_;
  Block& statics = blocks_[0];
  for (int64_t i = 0; i < count; ++i) {
    statics.values.insert(statics.values.end(), rows + i * stride, rows + i * stride + dim);
  }
  statics.end += count;
  for (int order = 1; order <= plan_.order(); ++order) extend(order, last);
  const int64_t end = last ? statics.end : plan_.num_final(statics.end);
  const int64_t begin = written_;
  for (; written_ < end; ++written_) {
    for (const Block& block : blocks_) {
      const float* row = block.values.data() + (written_ - block.first) * dim;
      output = std::copy(row, row + dim, output);
    }
  }
  drop(last);
  return end - begin;
}

// Computes the rows of `order` that its input allows.
void DeltaStream::extend(int order, bool last) {
  const Block& input = blocks_[plan_.htk_edges_ ? order - 1 : 0];
  const auto reach = static_cast<int64_t>(plan_.filters_[order - 1].size() / 2);
  Block& block = blocks_[order];
  const int64_t end = last ? input.end : input.end - reach;
  if (end <= block.end) return;
  block.values.resize((end - block.first) * plan_.dim_);
  for (; block.end < end; ++block.end) {
    filter_row(order, block.end, block.values.data() + (block.end - block.first) * plan_.dim_);
  }
}

// Filters of odd orders are odd, those of even orders are even, and all sum to zero: written with
// differences, a constant signal gives exactly zero.
void DeltaStream::filter_row(int order, int64_t t, float* row) const {
  const Block& input = blocks_[plan_.htk_edges_ ? order - 1 : 0];
  const std::vector<float>& filter = plan_.filters_[order - 1];
  const auto reach = static_cast<int64_t>(filter.size() / 2);
  const bool is_odd = plan_.htk_edges_ || order % 2 == 1;
  const int dim = plan_.dim_;
  const auto row_at = [&](int64_t i) {
    return input.values.data() + (std::clamp<int64_t>(i, 0, input.end - 1) - input.first) * dim;
  };
  std::fill(row, row + dim, 0.0f);
  for (int64_t n = 1; n <= reach; ++n) {
    const float weight = filter[reach + n];
    if (is_odd) {
      add_difference(weight, row_at(t - n), row_at(t + n), dim, row);
    } else {
      add_curvature(weight, row_at(t - n), row_at(t), row_at(t + n), dim, row);
    }
  }
}

// Forgets rows that no later row depends on.
void DeltaStream::drop(bool last) {
  const int64_t longest = plan_.filters_.empty() ? 0 : plan_.filters_.back().size() / 2;
  for (Block& block : blocks_) {
    const int64_t needed = std::min(written_, block.end - 2 * longest);
    if (last || needed <= block.first) continue;
    block.values.erase(block.values.begin(),
                       block.values.begin() + (needed - block.first) * plan_.dim_);
    block.first = needed;
  }
}

}  // namespace pyser
