// Bytes in order, from a file, a pipe or memory, through one block buffer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace pyser {

// A reader that never allocates by what a header says: sizes are only believed as far as there are
// bytes. Not thread-safe; one object per thread.
class ByteSource {
 public:
  // Opens `path`; "-" is the standard input. What is not read in longer pieces is read in blocks of
  // `block_bytes`, kMaxPeek or more. FileError when it cannot be opened.
  explicit ByteSource(const std::string& path, size_t block_bytes = kMaxPeek);
  // Reads `memory`, which must stay alive; `name` is used in messages.
  ByteSource(std::string_view memory, std::string name);
  ~ByteSource();
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;

  const std::string& name() const { return name_; }
  // Bytes consumed so far, counted from the start of the file.
  int64_t position() const { return position_; }
  // Bytes that are left, or -1 when only reading can tell (a pipe).
  int64_t remaining() const;
  bool at_end() { return peek(1).empty(); }

  // The next `count` bytes (at most kMaxPeek) without consuming them; fewer only at the end.
  std::string_view peek(size_t count);
  // Reads up to `count` bytes; returns how many there were.
  size_t read(void* to, size_t count);
  // Skips up to `count` bytes; returns how many there were.
  int64_t skip(int64_t count);
  // Goes to a byte offset of a regular file. FileError for anything else, or past the end.
  void seek(int64_t offset);

  static constexpr size_t kMaxPeek = 4096;

 private:
  size_t read_some(void* to, size_t count);
  bool fill(size_t wanted);

  std::string name_;
  int file_ = -1;           // descriptor; -1 when reading memory
  int64_t file_size_ = -1;  // of a regular file or memory
  int64_t position_ = 0;
  std::string_view window_;  // bytes read from the file and not consumed yet
  size_t block_bytes_ = 0;
  std::unique_ptr<char[]> block_;
};

}  // namespace pyser
