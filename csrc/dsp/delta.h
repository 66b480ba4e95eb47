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
  // `dim` columns of static rows give rows of dim * (order + 1) columns. Static rows may have more
  // columns, up to `width`, that are left out.
  DeltaPlan(int dim, int width, int order, int window, bool htk_edges);
  DeltaPlan(const DeltaPlan&) = delete;
  DeltaPlan& operator=(const DeltaPlan&) = delete;

  int static_dim() const { return dim_; }
  int dim() const { return dim_ * (order() + 1); }
  int order() const { return order_; }
  // Floats from one static row to the next.
  int stride() const { return stages_.front().tables.stride; }

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

  void add_stage(int skip, int width, const std::vector<std::vector<float>>& filters);

  int dim_, order_, window_;
  std::deque<std::vector<float>> weights_;
  std::vector<Stage> stages_;
};

// Static rows of one signal -> rows with deltas; any chunking gives the same rows.
class DeltaStream {
 public:
  explicit DeltaStream(const DeltaPlan& plan) : plan_(plan), inputs_(plan.stages_.size()) {}

  // Where the next `count` static rows belong, plan.stride() floats apart. What they hold must be
  // written before they are emitted; the pointer is good until the next call.
  float* grow(int64_t count);

  // The static rows that were grown and not emitted yet: num_pending() of them.
  float* pending();
  int64_t num_pending() const { return num_pending_; }

  // The first `count` pending rows are complete; `last` says that there are no more. Writes the
  // rows with deltas that are final now, and returns how many.
  int64_t emit(int64_t count, bool last, float* output);

 private:
  // Rows on their way through a stage. The first and the last one are repeated as often as it
  // reaches; what no later row needs is dropped.
  struct Input {
    bool begun = false;
    FloatBuffer rows;
  };

  float* grow(size_t number, int64_t count);
  int64_t advance(size_t number, int64_t count, bool last, float* output);

  const DeltaPlan& plan_;
  std::vector<Input> inputs_;
  int64_t num_pending_ = 0;
};

}  // namespace pyser
