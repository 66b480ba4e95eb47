// Matrices in the form an archive has, ready to be written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pyser {

// How matrices are written. `compression` is Kaldi's compression method, 1..7, or 0 for none; text
// is never compressed.
struct ArkFormat {
  bool text = false;
  int compression = 0;
};

// Some bytes of an archive. Rows in binary form are not copied: they must stay where they are until
// the block is written or cleared.
class ArkBlock {
 public:
  // Begins the matrix `key` of `num_rows` x `dim` values. Returns how many bytes of the block stand
  // before the place a scp line names.
  int64_t begin(const ArkFormat& format, const std::string& key, int64_t num_rows, int dim);
  // Appends the next rows of a matrix, which may have been begun in another block. Compression sees
  // all values before it writes one: all rows must be given at once then.
  void append(const ArkFormat& format, const float* rows, int64_t num_rows, int dim);
  // Ends the matrix.
  void end(const ArkFormat& format);

  void clear();
  int64_t size() const { return size_; }
  // The bytes of the block, in order.
  std::vector<std::string_view> parts() const;

 private:
  struct Part {
    const char* bytes;  // null: in `text_`
    size_t begin, size;
  };
  void close_text();

  int64_t size_ = 0;
  std::string text_;       // what is not rows as they are
  size_t text_begin_ = 0;  // of the last piece of it, which is no part yet
  std::vector<Part> parts_;
};

}  // namespace pyser
