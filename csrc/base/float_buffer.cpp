#include "base/float_buffer.h"

#include <algorithm>

namespace pyser {

FloatBuffer::Spare& FloatBuffer::spare() {
  thread_local Spare blocks;
  return blocks;
}

// The smallest spare block that is large enough, or a new one.
FloatBuffer::Block FloatBuffer::take(size_t needed) {
  Block* best = nullptr;
  for (Block& block : spare()) {
    if (block.capacity >= needed && (!best || block.capacity < best->capacity)) best = &block;
  }
  if (best) return std::exchange(*best, Block());
  auto* memory = static_cast<float*>(::operator new(needed * sizeof(float), kAlignment));
  return {Memory(memory), needed};
}

void FloatBuffer::make_room(size_t needed) {
  const size_t count = end_ - begin_;
  if (needed > capacity_) {
    Block block = take(std::max(needed, 2 * capacity_));
    if (count > 0) std::memcpy(block.memory.get(), data(), count * sizeof(float));
    recycle(std::exchange(memory_, std::move(block.memory)),
            std::exchange(capacity_, block.capacity));
  } else {
    std::memmove(memory_.get(), data(), count * sizeof(float));
  }
  begin_ = 0;
  end_ = count;
}

// Kept in the place of a smaller one, if there is one.
void FloatBuffer::recycle(Memory memory, size_t capacity) {
  if (!memory || capacity > kKeptSize) return;
  Block* const smallest =
      std::min_element(std::begin(spare()), std::end(spare()),
                       [](const Block& a, const Block& b) { return a.capacity < b.capacity; });
  if (smallest->capacity < capacity) *smallest = {std::move(memory), capacity};
}

}  // namespace pyser
