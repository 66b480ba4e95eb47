// One utterance on its way from audio to rows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "io/segment.h"

namespace pyser {

enum class Outcome {
  pending,    // nothing was done yet
  loaded,     // the audio was read, into `samples` if that is all that was asked for
  foreign,    // not read here: another library must decode the file, or `blob`
  computed,   // `rows` hold the features
  too_short,  // not one frame long
  failed,     // `found`, `expected` and `remedy` say why
};

struct Utterance {
  std::string key;
  std::string path;                // of the audio, or of the archive it is in
  int64_t offset = -1;             // of the audio in the archive; -1: `path` is the audio file
  std::optional<Segment> segment;  // the part of the audio that is meant; all of it if not given
  Outcome outcome = Outcome::pending;

  std::vector<int16_t> samples;  // one channel
  double sample_rate = 0;        // Hz
  std::string blob;              // an audio file that was inside an archive
  bool truncated = false;        // the audio ended too early, and that was allowed

  std::vector<float> rows;  // num_rows x dim, row-major
  int64_t num_rows = 0;

  std::string found, expected, remedy;  // the parts of an error

  void fail(const Error& error) {
    const bool elsewhere = !error.where.empty() && error.where != path;
    fail(elsewhere ? error.where + ": " + error.found : error.found, error.expected, error.remedy);
  }

  void fail(std::string what, std::string wanted = "", std::string advice = "") {
    outcome = Outcome::failed;
    found = std::move(what);
    expected = std::move(wanted);
    remedy = std::move(advice);
  }
};

}  // namespace pyser
