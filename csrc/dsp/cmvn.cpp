#include "dsp/cmvn.h"

#include <algorithm>
#include <cmath>

#include "kernel/dispatch.h"

namespace pyser {
namespace {

// sums += weight x, squares += weight x^2.
void add_weighted(const float* __restrict row, double weight, int dim, double* __restrict sums,
                  double* __restrict squares) {
  for (int d = 0; d < dim; ++d) {
    const double x = row[d];
    sums[d] += weight * x;
    squares[d] += weight * (x * x);
  }
}

struct Window {
  int64_t start, end;
};

// The frames [start, end) that normalise frame t. A window that would reach over an end of the
// signal is moved inside. One that is not centred has cmn_window frames before t, and t.
Window window_of(const SlidingCmvn& options, int64_t t, int64_t num_rows) {
  Window window;
  if (options.center) {
    window.start = t - options.cmn_window / 2;
    window.end = window.start + options.cmn_window;
    if (window.start < 0) window = {0, window.end - window.start};
  } else {
    window.start = std::max<int64_t>(0, t - options.cmn_window);
    window.end = std::max<int64_t>(t + 1, options.min_cmn_window);
  }
  if (window.end > num_rows) {
    window = {std::max<int64_t>(0, window.start - (window.end - num_rows)), num_rows};
  }
  return window;
}

// Means and, with `norm_vars`, 1 / standard deviations of the columns of a window; the latter are 0
// for a single frame. The floor is Kaldi's, of this tool only.
void window_moments(const double* __restrict sums, const double* __restrict squares, int64_t count,
                    int dim, bool norm_vars, double* __restrict mean, double* __restrict scale) {
  constexpr double kLeastVariance = 1e-10;
  const double share = 1.0 / static_cast<double>(count);
  for (int d = 0; d < dim; ++d) mean[d] = sums[d] * share;
  if (!norm_vars) return;
  const double top = count == 1 ? 0.0 : 1.0;
  for (int d = 0; d < dim; ++d) {
    const double variance = squares[d] * share - mean[d] * mean[d];
    scale[d] = top / std::sqrt(variance > kLeastVariance ? variance : kLeastVariance);
  }
}

}  // namespace

void CmvnStats::add(const float* rows, int64_t num_rows, const float* weights) {
  double* sums = sums_.data();
  double* squares = sums + dim_ + 1;
  double& count = sums[dim_];
  if (!weights) {
    kernels().add_moments(rows, num_rows, dim_, sums, squares);
    count += static_cast<double>(num_rows);
    return;
  }
  for (int64_t t = 0; t < num_rows; ++t) {
    if (weights[t] == 0) continue;
    add_weighted(rows + t * dim_, weights[t], dim_, sums, squares);
    count += weights[t];
  }
}

void normalise(const float* __restrict rows, int64_t num_rows, int dim,
               const double* __restrict mean, const double* __restrict scale,
               float* __restrict output) {
  for (int64_t t = 0; t < num_rows; ++t, rows += dim, output += dim) {
    for (int d = 0; d < dim; ++d) {
      output[d] = static_cast<float>((rows[d] - mean[d]) * scale[d]);
    }
  }
}

void normalise_sliding(const SlidingCmvn& options, const float* rows, int64_t num_rows, int dim,
                       float* output) {
  std::vector<double> sums(dim), squares(dim), mean(dim), scale(dim, 1.0);
  Window last = {0, 0};
  for (int64_t t = 0; t < num_rows; ++t) {
    const Window window = window_of(options, t, num_rows);
    kernels().add_moments(rows + last.end * dim, window.end - last.end, dim, sums.data(),
                          squares.data());
    for (; last.start < window.start; ++last.start) {
      add_weighted(rows + last.start * dim, -1.0, dim, sums.data(), squares.data());
    }
    last = window;
    window_moments(sums.data(), squares.data(), window.end - window.start, dim, options.norm_vars,
                   mean.data(), scale.data());
    normalise(rows + t * dim, 1, dim, mean.data(), scale.data(), output + t * dim);
  }
}

}  // namespace pyser
