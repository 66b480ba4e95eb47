// Memory whose first byte begins a cache line, which is also the widest vector.
#pragma once

#include <cstddef>
#include <memory>
#include <new>

namespace pyser {

// `size` floats, zero at first.
class AlignedFloats {
 public:
  explicit AlignedFloats(size_t size)
      : data_(static_cast<float*>(::operator new(size * sizeof(float), kAlignment))) {
    for (size_t i = 0; i < size; ++i) data_.get()[i] = 0;
  }
  float* data() { return data_.get(); }

 private:
  static constexpr std::align_val_t kAlignment{64};
  struct Free {
    void operator()(float* p) const { ::operator delete(p, kAlignment); }
  };
  std::unique_ptr<float, Free> data_;
};

}  // namespace pyser
