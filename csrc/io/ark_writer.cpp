#include "io/ark_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstring>

#include "base/error.h"
#include "io/matrix_format.h"

namespace pyser {
namespace {

constexpr size_t kBlockBytes = 1 << 20;

[[noreturn]] void fail(const std::string& name, const char* doing) {
  throw FileError(std::string("cannot be ") + doing + " (" + std::strerror(errno) + ")", name);
}

}  // namespace

ArkWriter::ArkWriter(const std::string& path, ArkFormat format)
    : name_(path == "-" ? "standard output" : path), format_(format) {
  check_compression(format.compression);
  file_ = path == "-" ? ::dup(STDOUT_FILENO)
                      : ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file_ < 0) fail(name_, "opened for writing");
  buffer_.reserve(2 * kBlockBytes);
}

ArkWriter::~ArkWriter() {
  if (file_ >= 0) ::close(file_);  // an error was on its way; the file is given up
}

int64_t ArkWriter::write(const std::string& key, const float* rows, int64_t num_rows, int dim) {
  if (file_ < 0) throw FileError("is closed", name_);
  const size_t before = buffer_.size();
  buffer_ += key;
  buffer_ += ' ';
  const int64_t offset = position_ + static_cast<int64_t>(buffer_.size() - before);
  if (format_.text) {
    append_text(buffer_, rows, num_rows, dim);
  } else if (format_.compression != 0) {
    append_compressed(buffer_, rows, num_rows, dim, format_.compression);
  } else {
    append_float_header(buffer_, num_rows, dim);
  }
  position_ += static_cast<int64_t>(buffer_.size() - before);
  if (!format_.text && format_.compression == 0) {
    const char* bytes = reinterpret_cast<const char*>(rows);
    const size_t count = static_cast<size_t>(num_rows) * dim * sizeof(float);
    position_ += static_cast<int64_t>(count);
    if (count < kBlockBytes) {
      buffer_.append(bytes, count);
    } else {  // large enough to go out as it is
      flush();
      write_out(bytes, count);
    }
  }
  if (buffer_.size() >= kBlockBytes) flush();
  return offset;
}

void ArkWriter::write_out(const char* bytes, size_t count) {
  while (count > 0) {
    const ssize_t written = ::write(file_, bytes, count);
    if (written < 0) {
      if (errno == EINTR) continue;
      fail(name_, "written");
    }
    bytes += written;
    count -= static_cast<size_t>(written);
  }
}

void ArkWriter::flush() {
  write_out(buffer_.data(), buffer_.size());
  buffer_.clear();
}

void ArkWriter::close() {
  if (file_ < 0) return;
  flush();
  const int file = file_;
  file_ = -1;
  if (::close(file) != 0) fail(name_, "written");
}

}  // namespace pyser
