// FFT of the frames of all lanes at once, decimation in frequency. Nothing crosses lanes: every
// variable is one number of each lane, and the code reads like that of a single frame.
//
// Sample 2n is the real and sample 2n + 1 the imaginary part of point n. A pass cuts blocks of B
// points into R blocks of B / R: with n = j + m B / R and k = u + R k',
//
//     X[u + R k'] = sum_j W_(B/R)^(j k') [ W_B^(j u) sum_m W_R^(m u) x[j + m B / R] ]
//
// and the new block u holds what is in brackets. The points end up in digit-reversed order.
#pragma once

#include "kernel/input.h"
#include "kernel/tables.h"

namespace pyser {
namespace {

constexpr float kSqrtHalf = 0.70710678f;

// One complex number of each lane.
template <class V>
struct Complex {
  typename V::Reg re, im;
};

template <class V>
inline Complex<V> operator+(Complex<V> a, Complex<V> b) {
  return {a.re + b.re, a.im + b.im};
}

template <class V>
inline Complex<V> operator-(Complex<V> a, Complex<V> b) {
  return {a.re - b.re, a.im - b.im};
}

// a - i b and a + i b.
template <class V>
inline Complex<V> minus_i(Complex<V> a, Complex<V> b) {
  return {a.re + b.im, a.im - b.re};
}
template <class V>
inline Complex<V> plus_i(Complex<V> a, Complex<V> b) {
  return {a.re - b.im, a.im + b.re};
}

// a times the pair (re, im) at w.
template <class V>
inline Complex<V> times(Complex<V> a, const float* w) {
  using Reg = typename V::Reg;
  const Reg re = V::set(w[0]), im = V::set(w[1]);
  return {V::fma(a.re, re, -(a.im * im)), V::fma(a.im, re, a.re * im)};
}

template <class V>
inline Complex<V> get(const float* points, int i) {
  const float* at = points + int64_t{i} * 2 * V::kLanes;
  return {V::load(at), V::load(at + V::kLanes)};
}

template <class V>
inline void put(float* points, int i, Complex<V> a) {
  float* at = points + int64_t{i} * 2 * V::kLanes;
  V::store(at, a.re);
  V::store(at + V::kLanes, a.im);
}

// y_u = sum_m W_R^(m u) x_m, in place. Of the inputs, those from `Live` on are zero.
template <class V, int Live>
inline void butterfly(Complex<V> (&x)[2]) {
  const Complex<V> a = x[0], b = x[1];
  x[0] = a + b;
  x[1] = a - b;
}

template <class V, int Live>
inline void butterfly(Complex<V> (&x)[4]) {
  const Complex<V> s = x[0] + x[2], d = x[0] - x[2], t = x[1] + x[3], e = x[1] - x[3];
  x[0] = s + t;
  x[1] = minus_i(d, e);
  x[2] = s - t;
  x[3] = plus_i(d, e);
}

// The odd outputs are a transform of four of d_m W_8^m; the factor sqrt(1/2) of W_8 and W_8^3 goes
// into the last additions.
template <class V, int Live>
inline void butterfly(Complex<V> (&x)[8]) {
  using C = Complex<V>;
  using Reg = typename V::Reg;
  C s[4], d[4];
  for (int m = 0; m < 4; ++m) {
    s[m] = m + 4 < Live ? x[m] + x[m + 4] : x[m];
    d[m] = m + 4 < Live ? x[m] - x[m + 4] : x[m];
  }
  butterfly<V, 4>(s);
  const C low = minus_i(d[0], d[2]), high = plus_i(d[0], d[2]);
  const C p = {d[1].re + d[1].im, d[1].im - d[1].re};  // d_1 W_8 / sqrt(1/2)
  const C q = {d[3].im - d[3].re, d[3].re + d[3].im};  // conjugate of d_3 W_8^3 / sqrt(1/2)
  const Reg h = V::set(kSqrtHalf);
  const C t = {p.re + q.re, p.im - q.im}, u = {p.im + q.im, q.re - p.re};
  x[0] = s[0], x[2] = s[1], x[4] = s[2], x[6] = s[3];
  x[1] = {V::fma(h, t.re, low.re), V::fma(h, t.im, low.im)};
  x[5] = {V::fma(-h, t.re, low.re), V::fma(-h, t.im, low.im)};
  x[3] = {V::fma(h, u.re, high.re), V::fma(h, u.im, high.im)};
  x[7] = {V::fma(-h, u.re, high.re), V::fma(-h, u.im, high.im)};
}

// Writes a butterfly's outputs u, times W^(j u), to points j + u * stride.
template <class V, int Radix>
inline void put_twiddled(float* points, int stride, const Complex<V> (&x)[Radix],
                         const float* twiddles) {
  put<V>(points, 0, x[0]);
#pragma GCC unroll 8
  for (int u = 1; u < Radix; ++u) {
    put<V>(points, u * stride, times<V>(x[u], twiddles + 2 * (u - 1)));
  }
}

// Butterflies `begin` .. `end` - 1 of the first pass, of which the inputs from Live on are zero
// padding.
template <class V, int Live>
inline void first_butterflies(const Frame<V>& frame, const FftTables& tables, int begin, int end,
                              float* points) {
  constexpr int kLanes = V::kLanes;
  const FftPass& pass = tables.passes[0];
  const int stride = pass.length / 8;
  const float* window = tables.window[frame.scale == 1 ? 0 : 1] + begin * 16;
  const float* twiddles = pass.twiddles + begin * 14;
  const auto offset = frame.offset;
  points += int64_t{begin} * 2 * kLanes;
  for (int j = begin; j < end;) {
    // Up to the next end of the ring the inputs lie one after the other.
    const float* in[Live];
    int run = end - j;
    for (int m = 0; m < Live; ++m) {
      const int at = frame.ring.place(frame.slot, 2 * (j + m * stride));
      in[m] = frame.ring.emphasised + int64_t{at} * kLanes;
      const int left = (frame.ring.size() - at + 1) / 2;
      run = left < run ? left : run;
    }
    for (int i = 0; i < run; ++i) {
      Complex<V> x[8];
#pragma GCC unroll 8
      for (int m = 0; m < Live; ++m) {
        const float* at = in[m] + int64_t{i} * 2 * kLanes;
        x[m] = {(V::load(at) + offset) * V::set(window[2 * m]),
                (V::load(at + kLanes) + offset) * V::set(window[2 * m + 1])};
      }
      butterfly<V, Live>(x);
      put_twiddled<V>(points, stride + kBlockPadding, x, twiddles);
      window += 16, twiddles += 14, points += 2 * kLanes;
    }
    j += run;
  }
}

template <class V>
[[gnu::noinline]] void first_pass(const Frame<V>& frame, const FftTables& tables, float* points) {
  const FftPass& pass = tables.passes[0];
  const int stride = pass.length / 8;
  const int num_points = (frame.ring.tables.length + 1) / 2;
  // num_points > pass.length / 2: five to eight inputs; the last one runs out at `cut`.
  const int whole = num_points / stride, cut = num_points - whole * stride;
  const auto run = [&](int live, int begin, int end) {
    if (live <= 4) return first_butterflies<V, 4>(frame, tables, begin, end, points);
    if (live <= 5) return first_butterflies<V, 5>(frame, tables, begin, end, points);
    if (live <= 6) return first_butterflies<V, 6>(frame, tables, begin, end, points);
    if (live <= 7) return first_butterflies<V, 7>(frame, tables, begin, end, points);
    return first_butterflies<V, 8>(frame, tables, begin, end, points);
  };
  run(whole + 1, 0, cut);
  run(whole, cut, stride);
}

// A later pass, on block `part` of the first one.
template <class V, int Radix>
inline void later_pass(const FftPass& pass, float* points, int part) {
  const int stride = pass.length / Radix, blocks = pass.blocks / 8;
  points += int64_t{part} * (blocks * pass.length + kBlockPadding) * 2 * V::kLanes;
  for (int block = 0; block < blocks; ++block, points += int64_t{pass.length} * 2 * V::kLanes) {
    for (int j = 0; j < stride; ++j) {
      float* at = points + int64_t{j} * 2 * V::kLanes;
      Complex<V> x[Radix];
#pragma GCC unroll 8
      for (int m = 0; m < Radix; ++m) x[m] = get<V>(at, m * stride);
      butterfly<V, Radix>(x);
      put_twiddled<V>(at, stride, x, pass.twiddles + j * 2 * (Radix - 1));
    }
  }
}

// All later passes but the last, which spectrum.h does together with what follows.
template <class V>
[[gnu::noinline]] void later_passes(const FftTables& tables, float* points, int part) {
  for (int i = 1; i < tables.num_passes; ++i) {
    const FftPass& pass = tables.passes[i];
    if (pass.radix == 8) later_pass<V, 8>(pass, points, part);
    if (pass.radix == 4) later_pass<V, 4>(pass, points, part);
    if (pass.radix == 2) later_pass<V, 2>(pass, points, part);
  }
}

}  // namespace
}  // namespace pyser
