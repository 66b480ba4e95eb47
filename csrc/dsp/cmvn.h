// Mean and variance normalisation: sums over frames in Kaldi's form, and z-scores.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace pyser {

// Sums of columns. Each is one chain of double additions, frame after frame, and the square of a
// float is exact in double: neither the chunks in which rows come nor instruction sets show.
class CmvnStats {
 public:
  explicit CmvnStats(int dim) : dim_(dim), sums_(2 * (static_cast<size_t>(dim) + 1)) {}

  int dim() const { return dim_; }
  // Adds rows [num_rows, dim], each `weights[t]` times if weights are given. Frames of weight 0 are
  // not looked at.
  void add(const float* rows, int64_t num_rows, const float* weights = nullptr);
  // As compute-cmvn-stats writes them, [2, dim + 1]: sums and the number of frames (the sum of
  // weights), below them the sums of squares and 0.
  const std::vector<double>& matrix() const { return sums_; }

 private:
  int dim_;
  std::vector<double> sums_;
};

// output = (rows - mean) scale, column by column, in double. `output` is not `rows`.
void normalise(const float* __restrict rows, int64_t num_rows, int dim,
               const double* __restrict mean, const double* __restrict scale,
               float* __restrict output);

// The options of Kaldi's apply-cmvn-sliding.
struct SlidingCmvn {
  int cmn_window = 600;      // frames
  int min_cmn_window = 100;  // frames at the start, where less has passed; unless `center`
  bool norm_vars = false;
  bool center = false;  // the window lies around the frame, not before it
};

// Normalises each frame by the mean (and variance) of a window that moves with it. Neither is
// `output` `rows` here.
void normalise_sliding(const SlidingCmvn& options, const float* rows, int64_t num_rows, int dim,
                       float* output);

}  // namespace pyser
