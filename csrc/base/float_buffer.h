// A queue of floats: grows at the end, is dropped from the front.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <utility>

namespace pyser {

// Grown memory is not set (with PYSER_POISON, NaN shows its use); `kSlack` floats behind the end
// may be read, whatever they hold. What is grown first begins a cache line. Small memory is kept by
// the thread that frees it for the next buffer: asking the system for it again, page by page, would
// cost a short signal more than its features do.
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
  float* grow(size_t count) {
    if (end_ + count + kSlack > capacity_) make_room(end_ - begin_ + count + kSlack);
    end_ += count;
    float* const grown = memory_.get() + end_ - count;
#ifdef PYSER_POISON
    for (size_t i = 0; i < count + kSlack; ++i) grown[i] = __builtin_nanf("");
#endif
    return grown;
  }

  void drop_front(int64_t count) {
    begin_ += count;
    if (begin_ == end_) begin_ = end_ = 0;
  }

  void clear() { begin_ = end_ = 0; }

 private:
  static constexpr std::align_val_t kAlignment{64};
  struct Free {
    void operator()(float* memory) const { ::operator delete(memory, kAlignment); }
  };
  using Memory = std::unique_ptr<float, Free>;
  struct Block {
    Memory memory;
    size_t capacity = 0;
  };
  static constexpr size_t kKept = 8, kKeptSize = 1 << 18;  // of a thread: blocks, floats of each
  using Spare = std::array<Block, kKept>;

  static Spare& spare();
  static Block take(size_t needed);
  void make_room(size_t needed);
  static void recycle(Memory memory, size_t capacity);

  Memory memory_;
  size_t capacity_ = 0, begin_ = 0, end_ = 0;
};

}  // namespace pyser
