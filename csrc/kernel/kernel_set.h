// The functions that are compiled for each instruction set.
#pragma once

#include "kernel/tables.h"

namespace pyser {

// What a kernel writes to while it works; one per thread. Sizes in floats of each lane.
struct Scratch {
  float* emphasised;  // [num_chunks * chunk + 1]
  float* plain;       // [num_chunks * chunk]
  float* sums;        // [num_chunks * 4]
  float* points;      // [FFT length + 16 * kBlockPadding]
  float* power;       // [num_bins + 1]
  float* bands;       // [num_bands]
  float* columns;     // [dim, rounded up to kRowAlignment]
  // Of one lane, and the FFT for lengths that the kernels do not know: frame [FFT length], zero
  // beyond the frame, -> power [num_bins].
  float* frame;
  float* bins;
  void (*spectrum)(void* context, const float* frame, float* power);
  void* context;
};

// Parts of the work on a frame, to be timed one by one.
enum class Stage { kFraming, kFft, kMel, kLog, kRows };

struct KernelSet {
  const char* name;
  int lanes;
  bool (*supported)();
  // Computes `count` rows in each lane, of the frames that begin at samples[lane], to rows[lane]
  // [count, stride].
  void (*tile)(const KernelTables& tables, const Scratch& scratch, const float* const* samples,
               int count, float* const* rows, int stride);
  void (*tile_int16)(const KernelTables& tables, const Scratch& scratch,
                     const int16_t* const* samples, int count, float* const* rows, int stride);
  // rows [count, stride] -> output [count, skip + dim * (num_orders + 1)]. As many rows as the
  // filters reach must lie before and behind `rows`.
  void (*deltas)(const DeltaTables& tables, const float* rows, int64_t count, float* output);
  // Samples on the 16-bit scale: as they are, or times `scale`.
  void (*from_int16)(const int16_t* samples, int64_t count, float* output);
  void (*from_float)(const float* samples, int64_t count, float scale, float* output);
  void (*from_double)(const double* samples, int64_t count, double scale, float* output);
  // Whether no magnitude is above `limit`, nor any sample NaN.
  bool (*floats_within)(const float* samples, int64_t count, float limit);
  bool (*doubles_within)(const double* samples, int64_t count, double limit);
  // sums += x, squares += x^2, for each column of rows [count, dim], in the order of the rows.
  void (*add_moments)(const float* rows, int64_t count, int dim, double* sums, double* squares);
  // Does one part of the work again and again, on the first frames of the lanes.
  void (*repeat)(const KernelTables& tables, const Scratch& scratch, const int16_t* const* samples,
                 Stage stage, int times, float* const* rows);
};

}  // namespace pyser
