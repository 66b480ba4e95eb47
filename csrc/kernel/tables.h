// What the kernels read: plain data, so that files compiled for one instruction set include no
// library code, whose inline functions the linker might then use everywhere. frontend/kernel_plan
// makes it.
#pragma once

#include <cstdint>

namespace pyser {

// What 16-bit samples are multiplied with on their way in: they are the upper halves of integers. A
// power of two, which changes no digit of any result.
constexpr float kInt16Scale = 65536;

// Rows without deltas begin at multiples of this many floats, a cache line: the widest vector.
constexpr int kRowAlignment = 16;

namespace {

// The next multiple of kRowAlignment.
template <class Int>
constexpr Int whole_lines(Int count) {
  return (count + kRowAlignment - 1) / kRowAlignment * kRowAlignment;
}

}  // namespace

// Energies are not smaller than this before a log is taken (Kaldi: FLT_EPSILON).
constexpr float kEnergyFloor = 1.1920929e-07f;

// One pass of the complex FFT over `blocks` blocks of `length` points, by butterflies of `radix`.
struct FftPass {
  int radix, blocks, length;
  const float* twiddles;  // [length / radix][radix - 1] pairs (re, im): w^(j u), u = 1 .. radix - 1
};

// FFT of 2 * half real samples as one of `half` complex points: a first pass of radix 8, more of
// any radix, and a last one of radix 4 without twiddles, which is not listed.
struct FftTables {
  int half;  // 0: not a length of ours
  int num_passes;
  FftPass passes[5];
  // [half / 8][8] pairs: half the window, for the samples of a first butterfly; and, where the
  // samples come as multiples of kInt16Scale, that divided by it.
  const float* window[2];
  const int* position;  // [half / 4]: where the block of the last pass with frequency k begins
  const float* split;   // [half / 2 + 1] pairs: exp(-2 pi i k / (2 half))
};

// The blocks of the first pass lie this many points further apart than they are long: at distances
// of a power of two they would meet in the same lines of the cache.
constexpr int kBlockPadding = 1;

// The bins between two corners of the mel filters. Filter i - 1 falls over stretch i, filter i
// rises.
struct BandStretch {
  int first, count;      // bins; the count is even, for which a bin of weight 0 may follow
  const float* weights;  // [count] pairs (falling, rising)
};

struct KernelTables {
  int length, shift;  // of a frame, in samples
  int chunk;          // samples of a frame that the one before does not have: min(shift, length)
  int num_chunks;     // that a frame lies in
  int offset;         // where in the first of them it begins

  bool remove_mean;
  float inverse_length;
  float preemphasis;
  const float* window;  // [length]

  FftTables fft;
  int num_bins;

  bool magnitude;  // bands are of magnitudes, not of powers
  bool log_bands;
  int num_bands;                 // 0: the bins themselves are the columns
  const BandStretch* stretches;  // [num_bands + 1]
  const float* dct;              // [dim][num_bands], or null: the bands are the columns
  int dim;            // columns of a row
  int first_column;   // of bins, bands or cepstra
  int energy_column;  // of the log energy, or -1
  bool raw_energy;    // of the samples, not of the windowed ones
  float log_energy_floor;
};

// Weights of a delta filter: weights[n] of the row n behind, which is that of the row n before but
// for its sign in filters of odd orders.
struct DeltaFilter {
  bool is_odd;
  int reach;
  const float* weights;  // [reach + 1]
};

struct DeltaTables {
  int skip;    // columns of a row that stay as they are
  int dim;     // columns behind them, which stay and are filtered
  int stride;  // floats from row to row: a multiple of kRowAlignment
  int num_orders;
  const DeltaFilter* filters;
};

}  // namespace pyser
