// Eight floats: AVX2 with FMA. For what a vector type must offer see simd/portable.h.
#pragma once

#include <immintrin.h>

namespace pyser {

struct Avx2 {
  static constexpr int kLanes = 8, kGroup = 8;
  typedef float Reg __attribute__((vector_size(32)));
  typedef int Int __attribute__((vector_size(32)));

  static bool supported() {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  }

  static inline Reg load(const float* p) { return _mm256_loadu_ps(p); }
  static inline void store(float* p, Reg x) { _mm256_storeu_ps(p, x); }
  static inline Reg set(float x) { return _mm256_set1_ps(x); }
  static inline Reg fma(Reg a, Reg b, Reg c) { return _mm256_fmadd_ps(a, b, c); }
  static inline Reg max(Reg a, Reg b) { return _mm256_max_ps(a, b); }
  static inline Reg sqrt(Reg a) { return _mm256_sqrt_ps(a); }

  // rows[i][j] -> rows[j][i]: in pairs, in quarters, in halves.
  static inline void transpose(Reg (&r)[8]) {
    Reg t[8];
    for (int i = 0; i < 8; i += 4) {
      const Reg a = _mm256_unpacklo_ps(r[i], r[i + 1]), b = _mm256_unpackhi_ps(r[i], r[i + 1]);
      const Reg c = _mm256_unpacklo_ps(r[i + 2], r[i + 3]);
      const Reg d = _mm256_unpackhi_ps(r[i + 2], r[i + 3]);
      t[i] = _mm256_shuffle_ps(a, c, 0x44);
      t[i + 1] = _mm256_shuffle_ps(a, c, 0xee);
      t[i + 2] = _mm256_shuffle_ps(b, d, 0x44);
      t[i + 3] = _mm256_shuffle_ps(b, d, 0xee);
    }
    for (int i = 0; i < 4; ++i) {
      r[i] = _mm256_permute2f128_ps(t[i], t[i + 4], 0x20);
      r[i + 4] = _mm256_permute2f128_ps(t[i], t[i + 4], 0x31);
    }
  }

  // Pair j of 8 lanes, for four pairs of samples.
  static inline void load_pairs(const short* const* samples, long at, Int (&pairs)[4]) {
    const auto quarter = [=](int lane) {
      return _mm_loadu_si128(reinterpret_cast<const __m128i*>(samples[lane] + at));
    };
    __m256i r[4];
    for (int i = 0; i < 4; ++i) {
      r[i] = _mm256_inserti128_si256(_mm256_castsi128_si256(quarter(i)), quarter(i + 4), 1);
    }
    const __m256i a = _mm256_unpacklo_epi32(r[0], r[1]), b = _mm256_unpackhi_epi32(r[0], r[1]);
    const __m256i c = _mm256_unpacklo_epi32(r[2], r[3]), d = _mm256_unpackhi_epi32(r[2], r[3]);
    pairs[0] = (Int)_mm256_unpacklo_epi64(a, c);
    pairs[1] = (Int)_mm256_unpackhi_epi64(a, c);
    pairs[2] = (Int)_mm256_unpacklo_epi64(b, d);
    pairs[3] = (Int)_mm256_unpackhi_epi64(b, d);
  }
};

}  // namespace pyser
