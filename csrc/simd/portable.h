// Four floats in the compiler's own vectors: runs on any CPU, and says what a vector type must offer.
//
// A vector type has kLanes, Reg and Int (vectors of float and int32, on which the compiler's operators
// + - * >> work), supported(), and the operations below. All of them give the result that IEEE 754
// asks for, so every type computes the same bits.
#pragma once

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
    // The product of floats is exact in double. The sum is rounded to odd there: its last bit is set
    // when it is not exact, so that rounding it to float gives what rounding once would have given
    // (Boldo, Melquiond: Emulation of FMA and correctly rounded sums, IEEE Trans. Computers 2008).
    typedef double Wide __attribute__((vector_size(32)));
    typedef long long Bits __attribute__((vector_size(32)));
    const Wide product = __builtin_convertvector(a, Wide) * __builtin_convertvector(b, Wide);
    const Wide addend = __builtin_convertvector(c, Wide);
    const Wide sum = product + addend;
    const Wide part = sum - product;
    const Wide error = (product - (sum - part)) + (addend - part);
    const Bits bits = (Bits)sum;
    // Truncate towards zero where the error points there, then set the last bit.
    const Bits inexact = error != 0.0;
    const Bits inward = inexact & ((error < 0.0) ^ (sum < 0.0));
    const Bits odd = (bits + inward) | (inexact & 1);
    return __builtin_convertvector((Wide)odd, Reg);
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
};

}  // namespace pyser
