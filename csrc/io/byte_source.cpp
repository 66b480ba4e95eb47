#include "io/byte_source.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/error.h"

namespace pyser {
namespace {

[[noreturn]] void fail(const std::string& name, const char* doing) {
  throw FileError(std::string("cannot be ") + doing + " (" + std::strerror(errno) + ")", name);
}

}  // namespace

ByteSource::ByteSource(const std::string& path, size_t block_bytes)
    : name_(path == "-" ? "standard input" : path), block_bytes_(block_bytes) {
  if (path.find('\0') != std::string::npos) throw FileError("has a zero byte in its name", name_);
  file_ = path == "-" ? ::dup(STDIN_FILENO) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file_ < 0) fail(name_, "opened");
  struct stat status;
  if (::fstat(file_, &status) == 0 && S_ISREG(status.st_mode)) {
    if (path == "-") position_ = std::max<int64_t>(0, ::lseek(file_, 0, SEEK_CUR));
    file_size_ = status.st_size;
  } else if (S_ISDIR(status.st_mode)) {
    ::close(file_);
    throw FileError("is a folder", name_, "a file");
  }
}

ByteSource::ByteSource(std::string_view memory, std::string name)
    : name_(std::move(name)), file_size_(static_cast<int64_t>(memory.size())), window_(memory) {}

ByteSource::~ByteSource() {
  if (file_ >= 0) ::close(file_);
}

int64_t ByteSource::remaining() const {
  return file_size_ < 0 ? -1 : std::max<int64_t>(0, file_size_ - position_);
}

size_t ByteSource::read_some(void* to, size_t count) {
  if (file_ < 0) return 0;
  for (;;) {
    const ssize_t got = ::read(file_, to, count);
    if (got >= 0) return static_cast<size_t>(got);
    if (errno != EINTR) fail(name_, "read");
  }
}

// Makes the window hold at least `wanted` bytes, unless the source ends before.
bool ByteSource::fill(size_t wanted) {
  if (window_.size() >= wanted || file_ < 0) return window_.size() >= wanted;
  if (!block_) block_.reset(new char[block_bytes_]);
  size_t held = window_.size();
  if (held > 0) std::memmove(block_.get(), window_.data(), held);
  while (held < wanted) {
    const size_t got = read_some(block_.get() + held, block_bytes_ - held);
    if (got == 0) break;
    held += got;
  }
  window_ = std::string_view(block_.get(), held);
  return held >= wanted;
}

std::string_view ByteSource::peek(size_t count) {
  fill(std::min(count, kMaxPeek));
  return window_.substr(0, std::min(count, kMaxPeek));
}

size_t ByteSource::read(void* to, size_t count) {
  size_t done = std::min(count, window_.size());
  if (done > 0) std::memcpy(to, window_.data(), done);
  window_.remove_prefix(done);
  while (done < count) {
    const size_t left = count - done;
    if (left < block_bytes_) {
      if (!fill(1)) break;
      const size_t part = std::min(left, window_.size());
      std::memcpy(static_cast<char*>(to) + done, window_.data(), part);
      window_.remove_prefix(part);
      done += part;
    } else {  // a long read goes past the buffer
      const size_t got = read_some(static_cast<char*>(to) + done, left);
      if (got == 0) break;
      done += got;
    }
  }
  position_ += static_cast<int64_t>(done);
  return done;
}

int64_t ByteSource::skip(int64_t count) {
  int64_t left = std::max<int64_t>(0, count);
  const int64_t start = position_;
  while (left > 0 && fill(1)) {
    const size_t part = static_cast<size_t>(std::min<int64_t>(left, window_.size()));
    window_.remove_prefix(part);
    position_ += static_cast<int64_t>(part);
    left -= static_cast<int64_t>(part);
    const int64_t far = std::min(left, remaining());
    if (file_ >= 0 && window_.empty() && far > static_cast<int64_t>(block_bytes_)) {
      seek(position_ + far);
      left -= far;
    }
  }
  return position_ - start;
}

void ByteSource::seek(int64_t offset) {
  if (file_size_ < 0) throw FileError("is a pipe and has no byte offsets", name_);
  if (offset < 0 || offset > file_size_) {
    throw FileError(
        "has " + std::to_string(file_size_) + " bytes, no byte " + std::to_string(offset), name_,
        "an offset inside the file");
  }
  if (file_ < 0) {  // memory: the window always runs to the end
    const char* start = window_.data() - position_;
    window_ = std::string_view(start, file_size_).substr(offset);
  } else {
    if (::lseek(file_, offset, SEEK_SET) < 0) fail(name_, "positioned");
    window_ = {};
  }
  position_ = offset;
}

}  // namespace pyser
