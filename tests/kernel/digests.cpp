// Prints a digest of the features of made signals, for several sets of options: the same lines on
// any machine. Exits with 1 where the instruction sets of this one differ.
#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "frontend/compute.h"
#include "frontend/plan.h"
#include "kernel/dispatch.h"
#include "options/options.h"

namespace {

using pyser::Options;

// Noise that swells, on an offset, between two silences.
std::vector<int16_t> make_signal(int count) {
  std::vector<int16_t> samples(count);
  uint32_t state = 1;
  for (int i = count / 10; i < count - count / 10; ++i) {
    state = state * 1664525 + 1013904223;
    const int noise = static_cast<int>(state >> 16) - 32768;
    samples[i] = static_cast<int16_t>(static_cast<int64_t>(noise) * i / count + 100);
  }
  return samples;
}

uint64_t digest(const std::vector<float>& rows) {  // FNV-1a
  uint64_t hash = 14695981039346656037ull;
  const auto* bytes = reinterpret_cast<const unsigned char*>(rows.data());
  for (size_t i = 0; i < rows.size() * sizeof(float); ++i) hash = (hash ^ bytes[i]) * 1099511628211ull;
  return hash;
}

std::vector<std::pair<std::string, Options>> cases() {
  std::vector<std::pair<std::string, Options>> all;
  const auto add = [&](const char* name, auto change) {
    Options o;
    change(o);
    all.emplace_back(name, o);
  };
  add("default", [](Options&) {});
  add("mfcc", [](Options& o) { o.feature_type = "mfcc"; });
  add("mfcc_htk", [](Options& o) {
    o.feature_type = "mfcc", o.use_energy = false, o.htk_compat = true, o.delta_edges = "htk";
  });
  add("spectrogram", [](Options& o) { o.feature_type = "spectrogram", o.snip_edges = false; });
  add("energy", [](Options& o) { o.use_energy = true, o.raw_energy = false; });
  add("magnitude", [](Options& o) { o.use_power = false, o.window_type = "povey"; });
  add("linear", [](Options& o) { o.use_log_fbank = false; });
  add("dither", [](Options& o) { o.dither = 1; });
  add("fft_400", [](Options& o) { o.round_to_power_of_two = false, o.num_mel_bins = 20; });
  add("fft_64", [](Options& o) {
    o.feature_type = "spectrogram", o.frame_length = 3, o.frame_shift = 1.0625, o.delta_order = 0;
  });
  add("fft_4096", [](Options& o) { o.feature_type = "spectrogram", o.frame_length = 200; });
  add("apart", [](Options& o) { o.frame_length = 10, o.frame_shift = 21, o.num_mel_bins = 10; });
  add("wide_deltas", [](Options& o) { o.delta_order = 3, o.delta_window = 5; });
  add("48k", [](Options& o) { o.sample_frequency = 48000, o.num_mel_bins = 80; });
  add("resampled", [](Options& o) { o.sample_frequency = 8000, o.allow_downsample = true; });
  return all;
}

}  // namespace

int main() {
  const std::vector<int16_t> samples = make_signal(16000);
  std::vector<float> floats(samples.begin(), samples.end());
  int status = 0;
  for (const auto& [name, options] : cases()) {
    const auto plan = pyser::Plan::make(options);
    const double rate = options.allow_downsample ? 16000 : options.sample_frequency;
    std::string first;
    for (const std::string& level : pyser::simd_levels()) {
      pyser::set_simd_level(level);
      const auto count = static_cast<int64_t>(samples.size());
      const uint64_t whole = digest(pyser::compute(*plan, samples.data(), count, rate));
      const uint64_t again = digest(pyser::compute(*plan, floats.data(), count, rate));
      const std::string line = std::to_string(whole) + (whole == again ? "" : ", not as floats");
      if (first.empty()) std::printf("%s %s\n", name.c_str(), (first = line).c_str());
      if (line == first && whole == again) continue;
      std::printf("%s: %s at %s\n", name.c_str(), line.c_str(), level.c_str());
      status = 1;
    }
  }
  return status;
}
