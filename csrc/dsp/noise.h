// Dither noise that depends on (seed, index of the sample) alone, whatever the chunking.
#pragma once

#include <cstdint>

namespace pyser {

// Zero mean, unit variance, close to Gaussian: the sum of twelve uniform 16-bit numbers
// (Irwin-Hall), taken from three words of a hashed counter (Steele et al., "Fast splittable
// pseudorandom number generators", OOPSLA 2014). Integers until the last step, so exact anywhere.
class Noise {
 public:
  explicit Noise(int seed) : key_(mix(static_cast<uint64_t>(seed) + kGolden)) {}

  float operator()(int64_t index) const {
    int32_t sum = -6 * 65535;
    for (uint64_t word = 0; word < 3; ++word) {
      uint64_t bits = mix(key_ + kGolden * (3 * static_cast<uint64_t>(index) + word));
      for (int part = 0; part < 4; ++part, bits >>= 16) sum += static_cast<int32_t>(bits & 0xffff);
    }
    return static_cast<float>(sum) * (1.0f / 65536);
  }

 private:
  static constexpr uint64_t kGolden = 0x9e3779b97f4a7c15u;

  static uint64_t mix(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

  uint64_t key_;
};

}  // namespace pyser
