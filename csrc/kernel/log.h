// Natural logarithm, from arithmetic alone: the same bits on every machine.
#pragma once

#include "kernel/tables.h"

namespace pyser {
namespace {

// ln x of positive normal numbers; error below 1.1 units in the last place.
// x = 2^e (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)); ln(1 + f) = f - f^2 / 2 + f^3 P(f), P being
// the polynomial of degree 6 with the smallest relative error of the whole (3.1e-8).
template <class V>
inline typename V::Reg log_positive(typename V::Reg x) {
  using Reg = typename V::Reg;
  using Int = typename V::Int;
  constexpr int kSqrtHalf = 0x3f3504f3;
  const Int shifted = (Int)x - kSqrtHalf;
  const Reg e = __builtin_convertvector(shifted >> 23, Reg);
  const Int mantissa = (shifted & 0x007fffff) + kSqrtHalf;
  const Reg f = (Reg)mantissa - 1.0f;
  Reg p = V::fma(V::set(0.0870036781f), f, V::set(-0.1426748931f));
  p = V::fma(p, f, V::set(0.1491478980f));
  p = V::fma(p, f, V::set(-0.1657758504f));
  p = V::fma(p, f, V::set(0.1996306181f));
  p = V::fma(p, f, V::set(-0.2500133812f));
  p = V::fma(p, f, V::set(0.3333390951f));
  const Reg square = f * f;
  // ln 2 in two parts, the first with few enough bits for e times it to be exact.
  const Reg low = V::fma(e, V::set(1.4286068e-06f), p * (f * square));
  const Reg rest = f - V::fma(square, V::set(0.5f), -low);
  return V::fma(e, V::set(0.69314575f), rest);
}

}  // namespace
}  // namespace pyser
