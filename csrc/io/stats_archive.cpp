#include "io/stats_archive.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "base/error.h"
#include "io/matrix_format.h"

namespace pyser {
namespace {

constexpr int64_t kBlockFloats = 16 * 1024;

// "\0BFM ", then twice the number 4 and an integer of so many bytes: rows, columns.
bool read_float_header(ByteSource& source, int32_t& num_rows, int32_t& dim) {
  char head[15];
  if (source.read(head, sizeof head) != sizeof head) return false;
  std::memcpy(&num_rows, head + 6, sizeof num_rows);
  std::memcpy(&dim, head + 11, sizeof dim);
  return std::string_view(head, 6) == std::string_view("\0BFM \4", 6) && head[10] == '\4' &&
         num_rows > 0 && dim > 0;
}

}  // namespace

void append_stats(std::string& out, const std::string& key, const CmvnStats& stats) {
  out += key;
  out += ' ';
  append_header(out, "DM", 2, stats.dim() + 1);
  const std::vector<double>& matrix = stats.matrix();
  out.append(reinterpret_cast<const char*>(matrix.data()), matrix.size() * sizeof(double));
}

bool StatsReader::go_to(const std::string& path, int64_t offset) {
  if (!source_ || source_->name() != path) source_ = std::make_unique<ByteSource>(path);
  const int64_t ahead = offset - source_->position();
  if (ahead >= 0) return source_->skip(ahead) == ahead;  // past the key, mostly
  source_->seek(offset);
  return true;
}

std::optional<CmvnStats> StatsReader::stats(const std::string& path, int64_t offset) try {
  int32_t num_rows, dim;
  if (path == "-") return std::nullopt;  // which ByteSource takes for the standard input
  if (!go_to(path, offset) || !read_float_header(*source_, num_rows, dim)) return std::nullopt;
  const int64_t bytes_per_row = int64_t{dim} * static_cast<int64_t>(sizeof(float));
  if (source_->remaining() < num_rows * bytes_per_row) return std::nullopt;
  CmvnStats stats(dim);
  const int64_t most = std::max<int64_t>(1, kBlockFloats / dim);
  rows_.resize(std::max<size_t>(rows_.size(), most * dim));
  for (int64_t left = num_rows; left > 0; left -= most) {
    const int64_t count = std::min(left, most);
    const auto wanted = static_cast<size_t>(count * bytes_per_row);
    if (source_->read(rows_.data(), wanted) != wanted) return std::nullopt;
    stats.add(rows_.data(), count);
  }
  return stats;
} catch (const FileError&) {
  source_.reset();
  return std::nullopt;
}

}  // namespace pyser
