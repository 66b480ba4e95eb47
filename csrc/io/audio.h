// Reading audio into an utterance, from a file of its own or from inside an archive.
#pragma once

#include <string>

#include "io/byte_source.h"
#include "io/utterance.h"

namespace pyser {

struct ReadOptions {
  int channel = -1;              // counted from 0; -1: the audio must have one channel
  bool allow_truncated = false;  // use what there is of a file that ends too early
};

// The index of the channel to take of audio with `channels` of them; InputError when that is not
// clear.
int checked_channel(int channels, const ReadOptions& options, const std::string& where);

// Reads a pending `utterance` from its path and offset: outcome `loaded` or `foreign`.
// Throws InputError or FileError.
void read_audio_file(const ReadOptions& options, Utterance& utterance);

// The same from the bytes of an audio file.
void read_audio(ByteSource& source, const ReadOptions& options, Utterance& utterance);

// Reads the audio of one archive entry, which `source` is at, and goes to its end: outcome
// `loaded`, `foreign` (with the bytes in `blob`) or, when only this entry is bad, `failed`. Throws
// InputError when the end of the entry cannot be known, or the archive ends before it.
void read_archived_audio(ByteSource& source, const ReadOptions& options, Utterance& utterance);

}  // namespace pyser
