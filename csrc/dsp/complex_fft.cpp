#include "dsp/complex_fft.h"

#include <cmath>
#include <utility>

namespace pyser {
namespace {

template <class T>
struct Complex {
  T re, im;
};

template <class T>
inline Complex<T> operator+(Complex<T> a, Complex<T> b) {
  return {a.re + b.re, a.im + b.im};
}

template <class T>
inline Complex<T> operator-(Complex<T> a, Complex<T> b) {
  return {a.re - b.re, a.im - b.im};
}

template <class T>
inline Complex<T> operator*(Complex<T> a, Complex<T> b) {
  return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

template <class T>
inline Complex<T> times_minus_i(Complex<T> a) {
  return {a.im, -a.re};
}

template <class T>
struct Quad {
  Complex<T> y0, y1, y2, y3;
};

// Four-point transform of a, b, c, d, then the twiddles of outputs 1 to 3.
template <class T>
inline Quad<T> butterfly(Complex<T> a, Complex<T> b, Complex<T> c, Complex<T> d, Complex<T> w1,
                         Complex<T> w2, Complex<T> w3) {
  const Complex<T> even = a + c, odd = a - c, sum = b + d, turned = times_minus_i(b - d);
  return {even + sum, (odd + turned) * w1, (even - sum) * w2, (odd - turned) * w3};
}

// First pass, stride 1: the loop runs over the groups.
template <class T>
void pass_over_groups(const T* __restrict re, const T* __restrict im, T* __restrict out_re,
                      T* __restrict out_im, int groups, const T* __restrict cosine,
                      const T* __restrict sine) {
  using C = Complex<T>;
  for (int p = 0; p < groups; ++p) {
    const int q = p + groups, r = q + groups, s = r + groups;
    const Quad<T> y =
        butterfly(C{re[p], im[p]}, C{re[q], im[q]}, C{re[r], im[r]}, C{re[s], im[s]},
                  C{cosine[p], sine[p]}, C{cosine[q], sine[q]}, C{cosine[r], sine[r]});
    out_re[4 * p] = y.y0.re, out_im[4 * p] = y.y0.im;
    out_re[4 * p + 1] = y.y1.re, out_im[4 * p + 1] = y.y1.im;
    out_re[4 * p + 2] = y.y2.re, out_im[4 * p + 2] = y.y2.im;
    out_re[4 * p + 3] = y.y3.re, out_im[4 * p + 3] = y.y3.im;
  }
}

// Butterflies of one group in a later pass: they share the twiddles w1, w2, w3.
template <class T>
void pass_over_stride(const T* __restrict re, const T* __restrict im, T* __restrict out_re,
                      T* __restrict out_im, int stride, int in_step, Complex<T> w1, Complex<T> w2,
                      Complex<T> w3) {
  using C = Complex<T>;
  for (int p = 0; p < stride; ++p) {
    const int q = p + in_step, r = q + in_step, s = r + in_step;
    const Quad<T> y =
        butterfly(C{re[p], im[p]}, C{re[q], im[q]}, C{re[r], im[r]}, C{re[s], im[s]}, w1, w2, w3);
    out_re[p] = y.y0.re, out_im[p] = y.y0.im;
    out_re[p + stride] = y.y1.re, out_im[p + stride] = y.y1.im;
    out_re[p + 2 * stride] = y.y2.re, out_im[p + 2 * stride] = y.y2.im;
    out_re[p + 3 * stride] = y.y3.re, out_im[p + 3 * stride] = y.y3.im;
  }
}

template <class T>
void radix_2_pass(const T* __restrict in, T* __restrict out, int half) {
  for (int q = 0; q < half; ++q) {
    out[q] = in[q] + in[q + half];
    out[q + half] = in[q] - in[q + half];
  }
}

}  // namespace

template <class T>
ComplexFft<T>::ComplexFft(int length) : length_(length) {
  int points = length, stride = 1;
  for (; points >= 4; points /= 4, stride *= 4) {
    Pass pass{points / 4, stride, {}, {}};
    for (int power = 1; power <= 3; ++power) {
      for (int p = 0; p < pass.groups; ++p) {
        const double angle = -2 * M_PI * power * p / points;
        pass.cosine.push_back(static_cast<T>(std::cos(angle)));
        pass.sine.push_back(static_cast<T>(std::sin(angle)));
      }
    }
    passes_.push_back(std::move(pass));
  }
  last_radix_2_ = points == 2;
}

template <class T>
void ComplexFft<T>::run(const Pass& pass, const T* re, const T* im, T* out_re, T* out_im) const {
  const int groups = pass.groups, stride = pass.stride;
  const T *cosine = pass.cosine.data(), *sine = pass.sine.data();
  if (stride == 1) return pass_over_groups(re, im, out_re, out_im, groups, cosine, sine);
  for (int p = 0; p < groups; ++p) {
    const int in = p * stride, out = 4 * p * stride;
    pass_over_stride<T>(re + in, im + in, out_re + out, out_im + out, stride, stride * groups,
                        {cosine[p], sine[p]}, {cosine[p + groups], sine[p + groups]},
                        {cosine[p + 2 * groups], sine[p + 2 * groups]});
  }
}

template <class T>
bool ComplexFft<T>::transform(T* re, T* im, T* work_re, T* work_im) const {
  bool in_work = false;
  for (const Pass& pass : passes_) {
    run(pass, re, im, work_re, work_im);
    std::swap(re, work_re);
    std::swap(im, work_im);
    in_work = !in_work;
  }
  if (last_radix_2_) {
    radix_2_pass(re, work_re, length_ / 2);
    radix_2_pass(im, work_im, length_ / 2);
    in_work = !in_work;
  }
  return in_work;
}

template class ComplexFft<float>;
template class ComplexFft<double>;

}  // namespace pyser
