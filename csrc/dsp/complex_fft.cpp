#include "dsp/complex_fft.h"

#include <cmath>
#include <utility>

namespace pyser {
namespace {

// One 4-point butterfly: in at distance `in_step`, out at distance `out_step`, outputs 1 to 3
// multiplied by the twiddles w1, w2, w3.
template <class T>
struct Butterfly {
  const T* __restrict in_re;
  const T* __restrict in_im;
  T* __restrict out_re;
  T* __restrict out_im;

  inline void run(int in, int in_step, int out, int out_step, T c1, T s1, T c2, T s2, T c3,
                  T s3) const {
    const T a_re = in_re[in], a_im = in_im[in];
    const T b_re = in_re[in + in_step], b_im = in_im[in + in_step];
    const T c_re = in_re[in + 2 * in_step], c_im = in_im[in + 2 * in_step];
    const T d_re = in_re[in + 3 * in_step], d_im = in_im[in + 3 * in_step];
    const T sum_ac_re = a_re + c_re, sum_ac_im = a_im + c_im;
    const T diff_ac_re = a_re - c_re, diff_ac_im = a_im - c_im;
    const T sum_bd_re = b_re + d_re, sum_bd_im = b_im + d_im;
    const T diff_bd_re = b_re - d_re, diff_bd_im = b_im - d_im;
    const T y1_re = diff_ac_re + diff_bd_im, y1_im = diff_ac_im - diff_bd_re;
    const T y2_re = sum_ac_re - sum_bd_re, y2_im = sum_ac_im - sum_bd_im;
    const T y3_re = diff_ac_re - diff_bd_im, y3_im = diff_ac_im + diff_bd_re;
    out_re[out] = sum_ac_re + sum_bd_re;
    out_im[out] = sum_ac_im + sum_bd_im;
    out_re[out + out_step] = y1_re * c1 - y1_im * s1;
    out_im[out + out_step] = y1_re * s1 + y1_im * c1;
    out_re[out + 2 * out_step] = y2_re * c2 - y2_im * s2;
    out_im[out + 2 * out_step] = y2_re * s2 + y2_im * c2;
    out_re[out + 3 * out_step] = y3_re * c3 - y3_im * s3;
    out_im[out + 3 * out_step] = y3_re * s3 + y3_im * c3;
  }
};

// First pass: stride 1, so the loop runs over the groups.
template <class T>
void pass_over_groups(const Butterfly<T> butterfly, int groups, const T* __restrict cosine,
                      const T* __restrict sine) {
  for (int p = 0; p < groups; ++p) {
    butterfly.run(p, groups, 4 * p, 1, cosine[p], sine[p], cosine[p + groups], sine[p + groups],
                  cosine[p + 2 * groups], sine[p + 2 * groups]);
  }
}

// Later passes: the inner loop runs over butterflies that share their twiddles.
template <class T>
void pass_over_stride(const Butterfly<T> butterfly, int groups, int stride, const T* cosine,
                      const T* sine) {
  for (int p = 0; p < groups; ++p) {
    const T c1 = cosine[p], c2 = cosine[p + groups], c3 = cosine[p + 2 * groups];
    const T s1 = sine[p], s2 = sine[p + groups], s3 = sine[p + 2 * groups];
    for (int q = 0; q < stride; ++q) {
      butterfly.run(q + stride * p, stride * groups, q + 4 * stride * p, stride, c1, s1, c2, s2,
                    c3, s3);
    }
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
bool ComplexFft<T>::transform(T* re, T* im, T* work_re, T* work_im) const {
  bool in_work = false;
  for (const Pass& pass : passes_) {
    const Butterfly<T> butterfly{re, im, work_re, work_im};
    if (pass.stride == 1) {
      pass_over_groups(butterfly, pass.groups, pass.cosine.data(), pass.sine.data());
    } else {
      pass_over_stride(butterfly, pass.groups, pass.stride, pass.cosine.data(), pass.sine.data());
    }
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
