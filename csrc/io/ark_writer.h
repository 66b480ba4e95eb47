// Kaldi archives of float matrices: binary, text or compressed.
#pragma once

#include <cstdint>
#include <string>

namespace pyser {

// How matrices are written. `compression` is Kaldi's compression method, 1..7, or 0 for none; text
// is never compressed.
struct ArkFormat {
  bool text = false;
  int compression = 0;
};

// Writes one archive in large blocks. Not thread-safe.
class ArkWriter {
 public:
  // Opens `path` for writing from its start; "-" is the standard output. FileError when it cannot
  // be.
  ArkWriter(const std::string& path, ArkFormat format);
  ~ArkWriter();
  ArkWriter(const ArkWriter&) = delete;
  ArkWriter& operator=(const ArkWriter&) = delete;

  // Appends the matrix `rows` (num_rows x dim, row-major) under `key`; returns the byte offset a
  // scp line for it names. FileError when the disk is full.
  int64_t write(const std::string& key, const float* rows, int64_t num_rows, int dim);
  // Writes what is still buffered and closes the file; FileError when that fails.
  void close();

 private:
  void write_out(const char* bytes, size_t count);
  void flush();

  std::string name_;
  ArkFormat format_;
  int file_ = -1;
  int64_t position_ = 0;  // bytes appended so far
  std::string buffer_;    // the last of them, not yet written out
};

}  // namespace pyser
