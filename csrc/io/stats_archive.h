// Statistics of the matrices of an archive: in one pass that keeps no matrix, or kept themselves.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dsp/cmvn.h"
#include "io/byte_source.h"

namespace pyser {

// Appends `stats` under `key` as an archive has them: a binary double matrix [2, dim + 1].
void append_stats(std::string& out, const std::string& key, const CmvnStats& stats);

// Reads binary float matrices (FM), which is what feature archives hold if they are not compressed.
// Not thread-safe.
class StatsReader {
 public:
  // Statistics of the matrix at `offset` of `path`; fast when called in the order of the archive.
  // Nothing when that is no complete float matrix with frames, or the file cannot be opened: a
  // reader of all forms will read it, or say what is wrong.
  std::optional<CmvnStats> stats(const std::string& path, int64_t offset);

 private:
  bool go_to(const std::string& path, int64_t offset);

  std::unique_ptr<ByteSource> source_;  // of the last matrix
  std::vector<float> rows_;
};

}  // namespace pyser
