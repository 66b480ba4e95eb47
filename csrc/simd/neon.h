// Four floats: NEON, which every AArch64 processor has. For what a vector type must offer see
// simd/portable.h.
#pragma once

#include <arm_neon.h>

namespace pyser {

struct Neon {
  static constexpr int kLanes = 4, kGroup = 4;
  typedef float Reg __attribute__((vector_size(16)));
  typedef int Int __attribute__((vector_size(16)));

  static bool supported() { return true; }

  static inline Reg load(const float* p) { return vld1q_f32(p); }
  static inline void store(float* p, Reg x) { vst1q_f32(p, x); }
  static inline Reg set(float x) { return vdupq_n_f32(x); }
  static inline Reg fma(Reg a, Reg b, Reg c) { return vfmaq_f32(c, a, b); }
  // Not vmaxq_f32: of a NaN and a number it takes the NaN, of -0 and 0 not the second.
  static inline Reg max(Reg a, Reg b) { return vbslq_f32(vcgtq_f32(a, b), a, b); }
  static inline Reg sqrt(Reg a) { return vsqrtq_f32(a); }

  // rows[i][j] -> rows[j][i]: in pairs, then in halves.
  static inline void transpose(Reg (&r)[4]) {
    const auto halves = [](float32x4_t a, float32x4_t b, Reg& low, Reg& high) {
      const float64x2_t x = vreinterpretq_f64_f32(a), y = vreinterpretq_f64_f32(b);
      low = vreinterpretq_f32_f64(vzip1q_f64(x, y));
      high = vreinterpretq_f32_f64(vzip2q_f64(x, y));
    };
    const float32x4_t a = vtrn1q_f32(r[0], r[1]), b = vtrn2q_f32(r[0], r[1]);
    const float32x4_t c = vtrn1q_f32(r[2], r[3]), d = vtrn2q_f32(r[2], r[3]);
    halves(a, c, r[0], r[2]);
    halves(b, d, r[1], r[3]);
  }

  // Pair j of 4 lanes, for two pairs of samples.
  static inline void load_pairs(const short* const* samples, long at, Int (&pairs)[2]) {
    const auto quarter = [=](int lane) { return vreinterpret_s32_s16(vld1_s16(samples[lane] + at)); };
    const int32x4_t low = vcombine_s32(quarter(0), quarter(1));
    const int32x4_t high = vcombine_s32(quarter(2), quarter(3));
    pairs[0] = vuzp1q_s32(low, high);
    pairs[1] = vuzp2q_s32(low, high);
  }
};

}  // namespace pyser
