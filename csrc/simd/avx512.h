// Sixteen floats: AVX-512. For what a vector type must offer see simd/portable.h.
#pragma once

#include <immintrin.h>

namespace pyser {

struct Avx512 {
  static constexpr int kLanes = 16, kGroup = 16;
  typedef float Reg __attribute__((vector_size(64)));
  typedef int Int __attribute__((vector_size(64)));

  static bool supported() {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512dq");
  }

  static inline Reg load(const float* p) { return _mm512_loadu_ps(p); }
  static inline void store(float* p, Reg x) { _mm512_storeu_ps(p, x); }
  static inline Reg set(float x) { return _mm512_set1_ps(x); }
  static inline Reg fma(Reg a, Reg b, Reg c) { return _mm512_fmadd_ps(a, b, c); }
  static inline Reg max(Reg a, Reg b) { return _mm512_max_ps(a, b); }
  static inline Reg sqrt(Reg a) { return _mm512_sqrt_ps(a); }

  static inline void transpose(Reg (&r)[16]) {
    Reg t[16];
    for (int i = 0; i < 16; i += 4) {
      const Reg a = _mm512_unpacklo_ps(r[i], r[i + 1]), b = _mm512_unpackhi_ps(r[i], r[i + 1]);
      const Reg c = _mm512_unpacklo_ps(r[i + 2], r[i + 3]);
      const Reg d = _mm512_unpackhi_ps(r[i + 2], r[i + 3]);
      t[i] = _mm512_shuffle_ps(a, c, 0x44);
      t[i + 1] = _mm512_shuffle_ps(a, c, 0xee);
      t[i + 2] = _mm512_shuffle_ps(b, d, 0x44);
      t[i + 3] = _mm512_shuffle_ps(b, d, 0xee);
    }
    for (int i = 0; i < 4; ++i) {
      const Reg a = _mm512_shuffle_f32x4(t[i], t[i + 4], 0x88);
      const Reg b = _mm512_shuffle_f32x4(t[i], t[i + 4], 0xdd);
      const Reg c = _mm512_shuffle_f32x4(t[i + 8], t[i + 12], 0x88);
      const Reg d = _mm512_shuffle_f32x4(t[i + 8], t[i + 12], 0xdd);
      r[i] = _mm512_shuffle_f32x4(a, c, 0x88);
      r[i + 8] = _mm512_shuffle_f32x4(a, c, 0xdd);
      r[i + 4] = _mm512_shuffle_f32x4(b, d, 0x88);
      r[i + 12] = _mm512_shuffle_f32x4(b, d, 0xdd);
    }
  }

  // Pair j of 16 lanes, for eight pairs of samples.
  static inline void load_pairs(const short* const* samples, long at, Int (&pairs)[8]) {
    const auto half = [=](int lane) {
      return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(samples[lane] + at));
    };
    __m512i r[8], t[8];
    for (int i = 0; i < 4; ++i) {  // lanes i, i + 4 and i + 8, i + 12: so they end up in order
      r[i] = _mm512_inserti64x4(_mm512_castsi256_si512(half(i)), half(i + 4), 1);
      r[i + 4] = _mm512_inserti64x4(_mm512_castsi256_si512(half(i + 8)), half(i + 12), 1);
    }
    for (int i = 0; i < 8; i += 4) {
      const __m512i a = _mm512_unpacklo_epi32(r[i], r[i + 1]),
                    b = _mm512_unpackhi_epi32(r[i], r[i + 1]);
      const __m512i c = _mm512_unpacklo_epi32(r[i + 2], r[i + 3]);
      const __m512i d = _mm512_unpackhi_epi32(r[i + 2], r[i + 3]);
      t[i] = _mm512_unpacklo_epi64(a, c);
      t[i + 1] = _mm512_unpackhi_epi64(a, c);
      t[i + 2] = _mm512_unpacklo_epi64(b, d);
      t[i + 3] = _mm512_unpackhi_epi64(b, d);
    }
    for (int i = 0; i < 4; ++i) {
      pairs[i] = (Int)_mm512_shuffle_i32x4(t[i], t[i + 4], 0x88);
      pairs[i + 4] = (Int)_mm512_shuffle_i32x4(t[i], t[i + 4], 0xdd);
    }
  }
};

}  // namespace pyser
