// Archives on their way to a file or a pipe.
#pragma once

#include <cstdint>
#include <string>

#include "io/ark_block.h"

namespace pyser {

// Writes one archive. Not buffered: whoever writes gathers blocks of a good size. Not thread-safe.
class ArkWriter {
 public:
  // Opens `path` for writing from its start; "-" is the standard output. FileError when it cannot
  // be, InputError for a compression method that is none.
  ArkWriter(const std::string& path, ArkFormat format);
  ~ArkWriter();
  ArkWriter(const ArkWriter&) = delete;
  ArkWriter& operator=(const ArkWriter&) = delete;

  const ArkFormat& format() const { return format_; }
  // Bytes written so far.
  int64_t position() const { return position_; }

  // Appends a block. FileError when the disk is full.
  void write(const ArkBlock& block);
  // Takes back all that was written from byte `position` on; FileError where that cannot be.
  void rewind(int64_t position);
  // Whether it can be: not in a pipe or a device.
  bool can_rewind() const;
  // Closes the file; FileError when that fails.
  void close();

 private:
  std::string name_;
  ArkFormat format_;
  int file_ = -1;
  int64_t position_ = 0;
};

}  // namespace pyser
