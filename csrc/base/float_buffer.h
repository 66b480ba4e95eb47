// A queue of floats: grows at the end, is dropped from the front.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>

namespace pyser {

// Grown memory is not set, and `kSlack` floats behind the end may be read, whatever they hold.
// Small memory is kept by the thread that frees it for the next buffer: asking the system for it
// again, page by page, would cost a short signal more than its features.
class FloatBuffer {
 public:
  static constexpr size_t kSlack = 16;

  FloatBuffer() = default;
  ~FloatBuffer() { recycle(std::move(memory_), capacity_); }
  FloatBuffer(const FloatBuffer&) = delete;
  FloatBuffer& operator=(const FloatBuffer&) = delete;

  int64_t size() const { return static_cast<int64_t>(end_ - begin_); }
  float* data() { return memory_.get() + begin_; }
  const float* data() const { return memory_.get() + begin_; }

  // Appends `count` floats; returns where they are, until the next call.
  float* grow(int64_t count) {
    const size_t needed = end_ + count + kSlack;
    if (needed > capacity_) make_room(size() + count + kSlack);
    end_ += count;
    return memory_.get() + end_ - count;
  }

  void drop_front(int64_t count) {
    begin_ += count;
    if (begin_ == end_) begin_ = end_ = 0;
  }

  void clear() { begin_ = end_ = 0; }

 private:
  using Memory = std::unique_ptr<float[]>;

  void make_room(size_t needed);
  static void recycle(Memory memory, size_t capacity);

  Memory memory_;
  size_t capacity_ = 0, begin_ = 0, end_ = 0;
};

}  // namespace pyser
