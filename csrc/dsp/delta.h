// Delta blocks: regression coefficients over a few frames (HTK Book 3.4, section 5.6).
#pragma once

#include <cstdint>
#include <vector>

namespace pyser {

// y_t = sum_{n=1..M} n (x_{t+n} - x_{t-n}) / (2 sum n^2), and the same of y for the next order.
// At the ends of the signal "kaldi" repeats the first and last static row and applies the composed
// filter; "htk" repeats the first and last row of the order below.
class DeltaPlan {
 public:
  // `dim` columns of static rows give rows of dim * (order + 1) columns.
  DeltaPlan(int dim, int order, int window, bool htk_edges);

  int static_dim() const { return dim_; }
  int dim() const { return dim_ * (order() + 1); }
  int order() const { return static_cast<int>(filters_.size()); }

  // Rows that are final once `num_static` static rows are known, of a signal that goes on.
  int64_t num_final(int64_t num_static) const;

 private:
  friend class DeltaStream;

  bool htk_edges_;
  int dim_, window_;
  std::vector<std::vector<float>> filters_;  // of each order, on its input; odd length, centred
};

// Static rows of one signal -> rows with deltas; any chunking gives the same rows.
class DeltaStream {
 public:
  explicit DeltaStream(const DeltaPlan& plan);

  // Takes `count` static rows, `stride` floats apart, of which the first static_dim() columns are
  // used, and writes the rows that are final now; `last` says that there are no more. Returns how
  // many rows were written.
  int64_t accept(const float* rows, int64_t count, int64_t stride, bool last, float* output);

 private:
  // Consecutive rows of one order, from index `first` on.
  struct Block {
    int64_t first = 0, end = 0;
    std::vector<float> values;
  };

  void extend(int order, bool last);
  void filter_row(int order, int64_t t, float* row) const;
  void drop(bool last);

  const DeltaPlan& plan_;
  std::vector<Block> blocks_;  // static, delta, delta2, ...
  int64_t written_ = 0;
};

}  // namespace pyser
