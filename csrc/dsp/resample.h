// Change of the sample rate by a windowed sinc, as Kaldi's LinearResample.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace pyser {

// Weights of every output phase; immutable. Output sample i, at time i / rate_out, is
// sum_j x_j h(j / rate_in - i / rate_out) / rate_in with h a sinc under a Hann window.
class ResamplePlan {
 public:
  // With the cutoff at 0.99 of the lower Nyquist frequency and 6 zero crossings to each side.
  ResamplePlan(int rate_in_hz, int rate_out_hz);
  ResamplePlan(int rate_in_hz, int rate_out_hz, double cutoff_hz, int zero_crossings);

  // Output samples that `num_inputs` samples give: all of them, ...
  int64_t num_outputs(int64_t num_inputs) const;
  // ... or those that no later input sample changes.
  int64_t num_final_outputs(int64_t num_inputs) const;

 private:
  friend class Resampler;

  struct Phase {
    int64_t first_input;
    std::vector<float> weights;
  };

  int64_t first_input(int64_t output) const;
  const std::vector<float>& weights(int64_t output) const;
  double impulse_response(double time_s) const;

  int inputs_per_unit_, outputs_per_unit_;  // samples in the shortest time whole in both rates
  double cutoff_hz_;
  int zero_crossings_;
  std::vector<Phase> phases_;  // [outputs_per_unit]
};

// One signal on its way through a plan; any chunking gives the same samples.
class Resampler {
 public:
  explicit Resampler(std::shared_ptr<const ResamplePlan> plan);

  const ResamplePlan& plan() const { return *plan_; }
  int64_t num_inputs() const { return num_inputs_; }

  // Takes `count` samples and appends the output samples that are final now.
  void accept(const float* samples, int64_t count, std::vector<float>& output);
  // Appends the rest; the signal is zero from here on.
  void finish(std::vector<float>& output);

 private:
  void produce(int64_t end, std::vector<float>& output);

  std::shared_ptr<const ResamplePlan> plan_;
  std::vector<float> inputs_;  // the signal from index `first_` on; zero before index 0
  int64_t first_;
  int64_t num_inputs_ = 0, num_outputs_ = 0;
};

}  // namespace pyser
