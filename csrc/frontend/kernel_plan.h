// The tables of the kernels, made from what the plan holds.
#pragma once

#include <vector>

#include "dsp/dct.h"
#include "dsp/mel.h"
#include "dsp/spectrum.h"
#include "frontend/framing.h"
#include "kernel/tables.h"
#include "options/options.h"

namespace pyser {

// Immutable; not to be moved, for the tables point into it.
class KernelPlan {
 public:
  // Without `mel` the rows hold the log power of the bins, with `dct` they hold cepstra.
  KernelPlan(const Options& options, const Framing& framing, std::vector<float> window,
             const Spectrum& spectrum, const MelBank* mel, const Dct* dct);
  KernelPlan(const KernelPlan&) = delete;
  KernelPlan& operator=(const KernelPlan&) = delete;

  const KernelTables& tables() const { return tables_; }

 private:
  void make_framing(const Options& options, const Framing& framing);
  void make_fft(const Spectrum& spectrum);
  void make_passes(int half);
  void make_columns(const Options& options, const MelBank* mel, const Dct* dct);

  KernelTables tables_{};
  std::vector<float> window_, fft_window_, int16_window_, split_, dct_;
  std::vector<std::vector<float>> twiddles_, weights_;
  std::vector<int> position_;
  std::vector<BandStretch> stretches_;
};

}  // namespace pyser
