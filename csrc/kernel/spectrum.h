// Power spectra of the frames of all lanes: the last pass of the FFT, the real split, |X|^2.
//
// Z_k = E_k + i O_k, with E and O the transforms of the even and the odd samples. Then
// X_k = E_k + w^k O_k and X_(M-k) = conj(E_k - w^k O_k), M points, w = exp(-pi i / M), where
// E_k = (Z_k + conj Z_(M-k)) / 2 and O_k = (Z_k - conj Z_(M-k)) / 2i. The window holds the 1/2.
// Amplitudes are combined before they are squared: combining powers would cancel.
#pragma once

#include "kernel/fft.h"
#include "kernel/tables.h"

namespace pyser {
namespace {

// |X_k|^2 and |X_(M-k)|^2 from z = Z_k and y = Z_(M-k); w is the pair (re, im) of w^k.
template <class V>
inline void split_pair(Complex<V> z, Complex<V> y, const float* w, float* low, float* high) {
  using Reg = typename V::Reg;
  const Reg re = V::set(w[0]), im = V::set(w[1]), two = V::set(2.0f);
  const Complex<V> even = {z.re + y.re, z.im - y.im}, odd = {z.im + y.im, y.re - z.re};
  const Complex<V> sum = {V::fma(odd.re, re, V::fma(-odd.im, im, even.re)),
                          V::fma(odd.re, im, V::fma(odd.im, re, even.im))};
  const Complex<V> difference = {V::fma(two, even.re, -sum.re), V::fma(two, even.im, -sum.im)};
  V::store(low, V::fma(sum.im, sum.im, sum.re * sum.re));
  V::store(high, V::fma(difference.im, difference.im, difference.re * difference.re));
}

// The last pass and what follows, for the frequencies k = part, part + 8, ... of its blocks and
// those of their mirror images, quarter - k.
template <class V>
[[gnu::noinline]] void power_of_part(const FftTables& t, const float* points, int part,
                                     float* power) {
  using C = Complex<V>;
  constexpr int kLanes = V::kLanes;
  const int half = t.half, quarter = half / 4;
  const auto pair = [&](int k, C z, C y) {
    split_pair<V>(z, y, t.split + 2 * k, power + k * kLanes, power + (half - k) * kLanes);
  };
  const auto last_pass = [&](int k, C(&z)[4]) {
#pragma GCC unroll 4
    for (int m = 0; m < 4; ++m) z[m] = get<V>(points, t.position[k] + m);
    butterfly<V, 4>(z);
  };
  C a[4], b[4];
  const bool mirrors_itself = part % 4 == 0;
  int k = part;
  if (k == 0) {
    last_pass(0, a);
    auto dc = a[0].re + a[0].im, nyquist = a[0].re - a[0].im;
    dc += dc, nyquist += nyquist;
    V::store(power, dc * dc);
    V::store(power + half * kLanes, nyquist * nyquist);
    pair(quarter, a[1], a[3]);
    pair(2 * quarter, a[2], a[2]);
    k += 8;
  }
  for (const int end = mirrors_itself ? quarter / 2 : quarter; k < end; k += 8) {
    last_pass(k, a);
    last_pass(quarter - k, b);
    pair(k, a[0], b[3]);
    pair(k + quarter, a[1], b[2]);
    pair(quarter - k, b[0], a[3]);
    pair(2 * quarter - k, b[1], a[2]);
  }
  if (mirrors_itself && k == quarter / 2) {
    last_pass(k, a);
    pair(k, a[0], a[3]);
    pair(k + quarter, a[1], a[2]);
  }
}

// Power [num_bins] of the points that the first pass left. Part after part, so that what one step
// writes is still in the cache for the next.
template <class V>
inline void power_spectrum(const FftTables& t, float* points, float* power) {
  for (int part = 0; part <= 4; ++part) {
    later_passes<V>(t, points, part);
    if (part % 4 != 0) later_passes<V>(t, points, 8 - part);
    power_of_part<V>(t, points, part, power);
  }
}

}  // namespace
}  // namespace pyser
