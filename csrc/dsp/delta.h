// Delta blocks: regression coefficients over a few frames (HTK Book 3.4, section 5.6).
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "base/float_buffer.h"
#include "kernel/tables.h"

namespace pyser {

// y_t = sum_{n=1..M} n (x_{t+n} - x_{t-n}) / (2 sum n^2), and the same of y for the next order.
// At the ends of the signal "kaldi" repeats the first and last static row and applies the composed
// filter; "htk" repeats the first and last row of the order below.
class DeltaPlan {
 public:
  // `dim` columns of static rows give rows of dim * (order + 1) columns.
  DeltaPlan(int dim, int order, int window, bool htk_edges);
  DeltaPlan(const DeltaPlan&) = delete;
  DeltaPlan& operator=(const DeltaPlan&) = delete;

  int static_dim() const { return dim_; }
  int dim() const { return dim_ * (order() + 1); }
  int order() const { return order_; }

  // Rows that are final once `num_static` static rows are known, of a signal that goes on.
  int64_t num_final(int64_t num_static) const;

 private:
  friend class DeltaStream;

  // Filters that see the same rows: all orders with "kaldi", one order each with "htk".
  struct Stage {
    int reach;  // of the longest filter, in rows
    std::vector<DeltaFilter> filters;
    DeltaTables tables;
  };

  void add_stage(int skip, const std::vector<std::vector<float>>& filters);

  int dim_, order_, window_;
  std::deque<std::vector<float>> weights_;
  std::vector<Stage> stages_;
};

// Static rows of one signal -> rows with deltas; any chunking gives the same rows.
class DeltaStream {
 public:
  explicit DeltaStream(const DeltaPlan& plan) : plan_(plan), inputs_(plan.stages_.size()) {}

  // Takes `count` static rows, `stride` floats apart, of which the first static_dim() columns are
  // used, and writes the rows that are final now; `last` says that there are no more. Returns how
  // many rows were written.
  int64_t accept(const float* rows, int64_t count, int64_t stride, bool last, float* output);

 private:
  // Rows on their way into a stage, the first and the last one repeated as often as it reaches.
  struct Input {
    bool begun = false;
    FloatBuffer rows;
  };

  int64_t advance(size_t stage, const float* rows, int64_t count, int64_t stride, bool last,
                  float* output);

  const DeltaPlan& plan_;
  std::vector<Input> inputs_;
};

}  // namespace pyser
