// Archives of audio: key, space, and a WAV file as it is, or a file in kaldiio's AUDIO envelope.
#pragma once

#include <memory>
#include <string>

#include "io/audio.h"
#include "io/byte_source.h"
#include "io/utterance.h"

namespace pyser {

// Reads the entries of one archive in order. Not thread-safe.
class AudioArkReader {
 public:
  // Opens the archive `path`; "-" is the standard input.
  AudioArkReader(const std::string& path, ReadOptions options)
      : source_(std::make_unique<ByteSource>(path)), options_(options) {}

  // Reads the next entry into `utterance`, as read_archived_audio does. Returns false at the end.
  // Throws InputError when the archive cannot be continued; `utterance.key` is then set if it was
  // read.
  bool next(Utterance& utterance);

  // Closes the archive: a command that writes it is not left waiting. There is no next entry then.
  void close() { source_.reset(); }

 private:
  std::unique_ptr<ByteSource> source_;
  ReadOptions options_;
};

}  // namespace pyser
