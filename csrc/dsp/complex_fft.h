// Complex FFT of a power-of-two length, real and imaginary parts in separate arrays.
#pragma once

#include <vector>

namespace pyser {

// Stockham's self-sorting algorithm, radix 4 with a last radix-2 pass where needed. The plan is
// immutable; the caller owns the arrays. T is float or double.
template <class T>
class ComplexFft {
 public:
  explicit ComplexFft(int length);

  int length() const { return length_; }

  // Transforms re, im ([length] each). `work_re`, `work_im` are scratch of the same size. The
  // result lies in re, im or in the scratch: returns whether it lies in the scratch.
  bool transform(T* re, T* im, T* work_re, T* work_im) const;

 private:
  struct Pass {
    int groups;                   // of butterflies with the same twiddles: points / 4
    int stride;                   // butterflies in a group
    std::vector<T> cosine, sine;  // [3 * groups]: w, w^2, w^3 of each group
  };

  void run(const Pass& pass, const T* re, const T* im, T* out_re, T* out_im) const;

  int length_;
  bool last_radix_2_;
  std::vector<Pass> passes_;
};

}  // namespace pyser
