// A contiguous queue whose elements keep their index: appended at the end, forgotten at the front.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace pyser {

template <class T>
class Queue {
 public:
  // Indices of the first element that is there, and of the one behind the last.
  int64_t begin() const { return begin_; }
  int64_t end() const { return begin_ + static_cast<int64_t>(values_.size() - dropped_); }

  // Element `index`, begin() <= index <= end(), and those behind it.
  T* at(int64_t index) { return values_.data() + (dropped_ + (index - begin_)); }
  const T* at(int64_t index) const { return values_.data() + (dropped_ + (index - begin_)); }

  // Appends `count` elements, zero, and returns the first of them.
  T* extend(int64_t count) {
    const std::size_t size = values_.size();
    values_.resize(size + count);
    return values_.data() + size;
  }

  // Forgets the elements before `index`, which is at most end().
  void drop_before(int64_t index) {
    if (index <= begin_) return;
    dropped_ += index - begin_;
    begin_ = index;
    if (2 * dropped_ < values_.size()) return;  // moving more often would cost more than it frees
    values_.erase(values_.begin(), values_.begin() + static_cast<int64_t>(dropped_));
    dropped_ = 0;
  }

 private:
  std::vector<T> values_;
  std::size_t dropped_ = 0;  // elements at the front of `values_` that are forgotten
  int64_t begin_ = 0;
};

}  // namespace pyser
