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
  AudioArkReader(const std::string& path, ReadOptions options);

  // Goes to the next entry: `utterance` gets its key and place, `audio` is ready to be opened and
  // must be read and finished before the next call. Returns false at the end. Throws InputError or
  // FileError when the archive cannot be continued; `utterance.key` is then set if it was read.
  bool next(Utterance& utterance, std::unique_ptr<Audio>& audio);

  // Closes the archive: a command that writes it is not left waiting. There is no next entry then.
  void close() { source_.reset(); }

 private:
  std::unique_ptr<ByteSource> source_;
  ReadOptions options_;
};

}  // namespace pyser
