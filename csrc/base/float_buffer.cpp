#include "base/float_buffer.h"

#include <algorithm>
#include <array>

namespace pyser {
namespace {

constexpr size_t kKept = 8, kKeptSize = 1 << 18;  // blocks of a thread, floats of each at most

struct Block {
  std::unique_ptr<float[]> memory;
  size_t capacity = 0;
};

std::array<Block, kKept>& spare() {
  thread_local std::array<Block, kKept> blocks;
  return blocks;
}

// The smallest spare block that is large enough, or a new one.
Block take(size_t needed) {
  Block* best = nullptr;
  for (Block& block : spare()) {
    if (block.capacity >= needed && (!best || block.capacity < best->capacity)) best = &block;
  }
  if (best) return std::exchange(*best, Block());
  return {std::unique_ptr<float[]>(new float[needed]), needed};
}

}  // namespace

void FloatBuffer::make_room(size_t needed) {
  const size_t count = end_ - begin_;
  if (needed > capacity_) {
    Block block = take(std::max(needed, 2 * capacity_));
    if (count > 0) std::memcpy(block.memory.get(), data(), count * sizeof(float));
    recycle(std::exchange(memory_, std::move(block.memory)), std::exchange(capacity_, block.capacity));
  } else {
    std::memmove(memory_.get(), data(), count * sizeof(float));
  }
  begin_ = 0;
  end_ = count;
}

// Kept in the place of a smaller one, if there is one.
void FloatBuffer::recycle(Memory memory, size_t capacity) {
  if (!memory || capacity > kKeptSize) return;
  Block* smallest = std::min_element(
      std::begin(spare()), std::end(spare()),
      [](const Block& a, const Block& b) { return a.capacity < b.capacity; });
  if (smallest->capacity < capacity) *smallest = {std::move(memory), capacity};
}

}  // namespace pyser
