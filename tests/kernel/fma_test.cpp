// Portable::fma against the C library's fmaf, bit by bit: `fma_test COUNT` draws so many vectors of
// numbers that are hard to add, prints the first that differs, and exits with 1 then.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "simd/portable.h"

namespace {

using V = pyser::Portable;

uint64_t state = 88172645463325252ull;

// xorshift64* (Vigna, ACM Trans. Mathematical Software 2016).
uint32_t draw() {
  state ^= state >> 12, state ^= state << 25, state ^= state >> 27;
  return static_cast<uint32_t>((state * 2685821657736338717ull) >> 32);
}

float from_bits(uint32_t bits) {
  float x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

uint32_t bits_of(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return bits;
}

// 2^exponent times a number with few digits, ones or zeros for the most part.
float sparse(int exponent) {
  const uint32_t digits = draw(), shift = digits >> 27;
  uint32_t mantissa = (digits & 1 ? 0x7fffff : 0) ^ ((digits >> 1 & 3) << shift);
  if (digits & 8) mantissa ^= 1;
  const int biased = exponent < 0 ? 0 : exponent > 254 ? 254 : exponent;
  return from_bits((digits << 4 & 0x80000000) | static_cast<uint32_t>(biased) << 23 |
                   (mantissa & 0x7fffff));
}

void draw_triple(float& a, float& b, float& c) {
  const uint32_t kind = draw() % 8;
  a = from_bits(draw()), b = from_bits(draw()), c = from_bits(draw());
  if (kind == 0) {  // anything, infinities and NaN too
    if (draw() % 8 == 0) (draw() & 1 ? a : c) = from_bits(0x7f800000 | (draw() << 31));
    return;
  }
  const int first = kind == 1 ? draw() % 256 : 64 + draw() % 128;
  const int second = kind == 2 ? draw() % 256 : 127 + draw() % 16;
  const int product = first + second - 127;
  const int distance = static_cast<int>(draw() % 112) - 56;
  a = kind & 4 ? sparse(first) : from_bits((bits_of(a) & 0x807fffff) | first << 23);
  b = sparse(second);
  c = sparse(product + distance);
  if (kind == 3) c = -a * b;  // what is left is the rounding of the product
  if (kind == 5) a = sparse(draw() % 64), b = sparse(draw() % 80), c = sparse(draw() % 3);
  if (kind == 6) {  // the scale of samples and of their spectra
    a = static_cast<float>(static_cast<int>(draw() % 65536) - 32768);
    c = static_cast<float>(static_cast<int>(draw() % 65536) - 32768);
    if (draw() & 1) b = -0.97f;
  }
  if (kind == 7) {  // a sum in the middle between two floats, or next to it
    a = sparse(product), b = 1, c = sparse(product - 24 - static_cast<int>(draw() % 3));
    if (draw() & 1) b = from_bits(0x3f800000 + draw() % 3);
  }
}

}  // namespace

int main(int, char** argv) {
  const long count = std::atol(argv[1]);
  for (long i = 0; i < count; ++i) {
    V::Reg a, b, c;
    for (int lane = 0; lane < V::kLanes; ++lane) {
      float x, y, z;
      draw_triple(x, y, z);
      a[lane] = x, b[lane] = y, c[lane] = z;
    }
    const V::Reg found = V::fma(a, b, c);
    for (int lane = 0; lane < V::kLanes; ++lane) {
      const float wanted = std::fma(a[lane], b[lane], c[lane]);
      if (bits_of(found[lane]) == bits_of(wanted)) continue;
      if (std::isnan(found[lane]) && std::isnan(wanted)) continue;
      std::printf("%a * %a + %a: %a, not %a\n", a[lane], b[lane], c[lane], found[lane], wanted);
      return 1;
    }
  }
  return 0;
}
