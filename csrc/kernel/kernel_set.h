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
  float* columns;     // [dim]
  // Of one lane, and the FFT for lengths that the kernels do not know: frame [length] -> power
  // [num_bins].
  float* frame;
  float* bins;
  void (*spectrum)(void* context, const float* frame, float* power);
  void* context;
};

struct KernelSet {
  const char* name;
  int lanes;
  bool (*supported)();
  // Computes `count` rows [dim] in each lane, of the frames that begin at samples[lane]; the rows of
  // a lane lie together. kSamplePadding floats behind the samples must be readable.
  void (*tile)(const KernelTables& tables, const Scratch& scratch, const float* const* samples,
               int count, float* const* rows);
};

}  // namespace pyser
