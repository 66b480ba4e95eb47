// Memory that grows without being cleared, and is kept for what comes next.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <new>
#include <type_traits>
#include <utility>

namespace pyser {

// An array of plain values. Fresh memory costs a page fault for every 4 KiB; that of a buffer that
// is cleared and filled again does not.
template <class T>
class Buffer {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  Buffer() = default;
  ~Buffer() { std::free(data_); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  T* data() { return data_; }
  const T* data() const { return data_; }
  size_t size() const { return size_; }

  // Appends `count` values of any content and returns where they begin; older pointers are invalid.
  T* extend(size_t count) {
    if (count > capacity_ - size_) grow(size_ + count);
    size_ += count;
    return data_ + (size_ - count);
  }

  void swap(Buffer& other) {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }

  // Takes the last `count` values away.
  void drop(size_t count) { size_ -= count; }

  // Empties the buffer; its memory is kept, unless it is larger than `most` values.
  void clear(size_t most) {
    size_ = 0;
    if (capacity_ <= most) return;
    std::free(data_);
    data_ = nullptr;
    capacity_ = 0;
  }

 private:
  void grow(size_t wanted) {
    const size_t capacity = std::max(wanted, capacity_ + capacity_ / 2);
    void* moved = std::realloc(data_, capacity * sizeof(T));
    if (moved == nullptr) throw std::bad_alloc();
    data_ = static_cast<T*>(moved);
    capacity_ = capacity;
  }

  T* data_ = nullptr;
  size_t size_ = 0, capacity_ = 0;
};

}  // namespace pyser
