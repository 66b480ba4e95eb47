// Four floats in the compiler's own vectors: runs on any CPU, and says what a vector type must offer.
//
// A vector type has kLanes, Reg and Int (vectors of float and int32, on which the compiler's operators
// + - * >> work), supported(), and the operations below. All of them give the result that IEEE 754
// asks for, so every type computes the same bits.
#pragma once

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace pyser {

struct Portable {
  static constexpr int kLanes = 4, kGroup = 4;
  typedef float Reg __attribute__((vector_size(16)));
  typedef int Int __attribute__((vector_size(16)));

  static bool supported() { return true; }

  // kLanes floats at any address.
  static inline Reg load(const float* p) {
    Reg x;
    __builtin_memcpy(&x, p, sizeof x);
    return x;
  }
  static inline void store(float* p, Reg x) { __builtin_memcpy(p, &x, sizeof x); }

  static inline Reg set(float x) { return Reg{x, x, x, x}; }

  // a * b + c, rounded once.
  static inline Reg fma(Reg a, Reg b, Reg c) {
#ifdef __FP_FAST_FMAF
    for (int i = 0; i < kLanes; ++i) c[i] = __builtin_fmaf(a[i], b[i], c[i]);
    return c;
#else
    // The product of floats is exact in double. Where the rounded sum lies between two midpoints of
    // floats, so does the exact one, and both are rounded to the same float. Normal floats have
    // midpoints whose last 29 bits of 53 are 100..0.
    const Wide low = low_half(a) * low_half(b) + low_half(c);
    const Wide high = high_half(a) * high_half(b) + high_half(c);
    const Reg sum = narrow(low, high);
    const Int last = (Int)__builtin_shuffle((Reg)low, (Reg)high, kEven) << 3;
    const Int doubtful = (last == kSign) | ((Reg)((Int)sum & ~kSign) <= kSmallestNormal);
    if (__builtin_expect(any(doubtful), 0)) return fma_of_doubtful(a, b, c);
    return sum;
#endif
  }

  static inline Reg max(Reg a, Reg b) { return a > b ? a : b; }
  static inline Reg sqrt(Reg a) {
    for (int i = 0; i < kLanes; ++i) a[i] = __builtin_sqrtf(a[i]);
    return a;
  }

  // rows[i][j] -> rows[j][i].
  static inline void transpose(Reg (&rows)[4]) {
    const Int low = {0, 4, 1, 5}, high = {2, 6, 3, 7}, first = {0, 1, 4, 5}, last = {2, 3, 6, 7};
    const Reg a = __builtin_shuffle(rows[0], rows[1], low);
    const Reg b = __builtin_shuffle(rows[2], rows[3], low);
    const Reg c = __builtin_shuffle(rows[0], rows[1], high);
    const Reg d = __builtin_shuffle(rows[2], rows[3], high);
    rows[0] = __builtin_shuffle(a, b, first);
    rows[1] = __builtin_shuffle(a, b, last);
    rows[2] = __builtin_shuffle(c, d, first);
    rows[3] = __builtin_shuffle(c, d, last);
  }

  // Samples 2 j and 2 j + 1 of all lanes, from samples[lane] + at on, the second in the upper half.
  static inline void load_pairs(const short* const* samples, long at, Int (&pairs)[2]) {
    for (int j = 0; j < 2; ++j) {
      for (int lane = 0; lane < kLanes; ++lane) {
        const short* pair = samples[lane] + at + 2 * j;
        pairs[j][lane] = pair[1] * 65536 + (pair[0] & 0xffff);
      }
    }
  }

 private:
  typedef double Wide __attribute__((vector_size(16)));
  typedef long long Bits __attribute__((vector_size(16)));
  static constexpr Int kEven = {0, 2, 4, 6};
  static constexpr int kSign = -0x7fffffff - 1;
  static constexpr float kSmallestNormal = 1.17549435e-38f;

  // The lower and the upper lanes, and back.
#ifdef __SSE2__
  static inline Wide low_half(Reg x) { return _mm_cvtps_pd(x); }
  static inline Wide high_half(Reg x) { return _mm_cvtps_pd(_mm_movehl_ps(x, x)); }
  static inline Reg narrow(Wide low, Wide high) {
    return _mm_movelh_ps(_mm_cvtpd_ps(low), _mm_cvtpd_ps(high));
  }
  static inline bool any(Int mask) { return _mm_movemask_ps((Reg)mask) != 0; }
#else
  static inline Wide low_half(Reg x) { return Wide{x[0], x[1]}; }
  static inline Wide high_half(Reg x) { return Wide{x[2], x[3]}; }
  static inline Reg narrow(Wide low, Wide high) {
    return Reg{float(low[0]), float(low[1]), float(high[0]), float(high[1])};
  }
  static inline bool any(Int mask) { return ((Bits)mask)[0] != 0 || ((Bits)mask)[1] != 0; }
#endif

  // The sum rounded to odd: its last bit is set when it is not exact, so that rounding it to float
  // gives what rounding once would have given (Boldo, Melquiond: Emulation of FMA and correctly
  // rounded sums, IEEE Trans. Computers 2008).
  static inline Wide add_to_odd(Wide product, Wide addend) {
    const Wide sum = product + addend;
    const Wide part = sum - product;
    const Wide error = (product - (sum - part)) + (addend - part);
    // Truncate towards zero where the error points there, then set the last bit.
    const Bits inexact = (error < 0.0) | (error > 0.0);  // not where the sum is infinite
    const Bits inward = inexact & ((error < 0.0) ^ (sum < 0.0));
    return (Wide)(((Bits)sum + inward) | (inexact & 1));
  }

  __attribute__((noinline, cold)) static Reg fma_of_doubtful(Reg a, Reg b, Reg c) {
    return narrow(add_to_odd(low_half(a) * low_half(b), low_half(c)),
                  add_to_odd(high_half(a) * high_half(b), high_half(c)));
  }
};

}  // namespace pyser
