#include "io/ark_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "io/matrix_format.h"

namespace pyser {
namespace {

constexpr size_t kMostParts = 1024;  // IOV_MAX of Linux

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
}

ArkWriter::~ArkWriter() {
  if (file_ >= 0) ::close(file_);  // an error was on its way; the file is given up
}

void ArkWriter::write(const ArkBlock& block) {
  if (file_ < 0) throw FileError("is closed", name_);
  std::vector<iovec> parts;
  for (const std::string_view part : block.parts()) {
    parts.push_back({const_cast<char*>(part.data()), part.size()});
  }
  for (size_t first = 0; first < parts.size();) {
    const size_t count = std::min(parts.size() - first, kMostParts);
    const ssize_t written = ::writev(file_, &parts[first], static_cast<int>(count));
    if (written < 0) {
      if (errno == EINTR) continue;
      fail(name_, "written");
    }
    position_ += written;
    size_t left = static_cast<size_t>(written);
    while (first < parts.size() && left >= parts[first].iov_len) left -= parts[first++].iov_len;
    if (left > 0) {  // a part of one went out
      parts[first].iov_base = static_cast<char*>(parts[first].iov_base) + left;
      parts[first].iov_len -= left;
    }
  }
}

void ArkWriter::rewind(int64_t position) {
  if (position == position_) return;
  const off_t end = ::lseek(file_, 0, SEEK_CUR);  // of a shared standard output: not position_
  const off_t wanted = end - static_cast<off_t>(position_ - position);
  if (end < 0 || ::ftruncate(file_, wanted) != 0 || ::lseek(file_, wanted, SEEK_SET) < 0) {
    throw FileError("holds the beginning of an utterance that failed, which cannot be taken back",
                    name_, "a regular file");
  }
  position_ = position;
}

bool ArkWriter::can_rewind() const {
  struct stat status;
  return ::fstat(file_, &status) == 0 && S_ISREG(status.st_mode);
}

void ArkWriter::close() {
  if (file_ < 0) return;
  const int file = file_;
  file_ = -1;
  if (::close(file) != 0) fail(name_, "written");
}

}  // namespace pyser
