// The audio of one utterance, from a file of its own or from inside an archive.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "io/byte_source.h"
#include "io/utterance.h"
#include "io/wav.h"

namespace pyser {

struct ReadOptions {
  int channel = -1;              // counted from 0; -1: the audio must have one channel
  bool allow_truncated = false;  // use what there is of a file that ends too early
};

// The index of the channel to take of audio with `channels` of them; InputError when that is not
// clear.
int checked_channel(int channels, const ReadOptions& options, const std::string& where);

// One channel of 16-bit PCM on its way out of a WAV file; other audio is recognised and left to
// others (`is_foreign`). Made, then opened, then read. All but the getters throw InputError and
// FileError.
class Audio {
 public:
  // A file, or the entry of an archive that begins at byte `offset` (-1: a file).
  Audio(const std::string& path, int64_t offset, const ReadOptions& options);
  // The bytes of a file, which must stay alive.
  Audio(std::string_view bytes, const std::string& name, const ReadOptions& options);
  // The entry that `archive` is at. What is thrown here ends the archive, for where the entry ends
  // is not known; what open() throws does not.
  Audio(ByteSource& archive, const ReadOptions& options);

  // Finds out what the audio is, and where its samples are.
  void open();

  bool is_foreign() const { return foreign_; }
  std::string take_blob() { return std::move(blob_); }  // foreign audio inside an archive
  double sample_rate() const { return header_.sample_rate; }
  bool is_truncated() const { return truncated_; }
  // Samples that are left; -1 when only reading can tell.
  int64_t num_samples() const { return known_ ? left_ : -1; }
  // Samples that are left if the header is right, for whoever can bear that it is not; -1 when it
  // does not say, or when audio that is truncated is to be used.
  int64_t num_promised() const {
    return options_.allow_truncated || left_ == INT64_MAX ? -1 : left_;
  }
  // Restricts what is read to `count` samples after the next `first`; their number must be known.
  void select(int64_t first, int64_t count);
  // Reads the next samples, up to `count`; fewer only at the end. InputError when there are fewer
  // than the header promises and that is not allowed.
  int64_t read(int16_t* to, int64_t count);
  // Reads all that is left behind `samples`; memory follows what is really there. Returns how many.
  int64_t read_all(Buffer<int16_t>& samples);
  // Goes to the end of the archive entry.
  void finish();

 private:
  void enter_entry();
  void read_envelope();
  void read_blob();
  void open_samples();
  int64_t read_frames(int16_t* to, int64_t count);

  ReadOptions options_;
  std::unique_ptr<ByteSource> owned_;
  ByteSource* source_ = nullptr;
  std::string blob_, head_;
  WavHeader header_;
  bool in_archive_ = false, has_header_ = false, foreign_ = false, known_ = false;
  bool truncated_ = false;
  int channel_ = 0;
  int64_t first_byte_ = 0;       // where the samples begin
  int64_t left_ = 0;             // samples to be read; INT64_MAX: up to the end
  int64_t read_ = 0;             // samples that were
  std::vector<int16_t> frames_;  // all channels of some samples
};

// Reads the whole audio of a pending utterance: outcome `loaded`, or `foreign`. Throws as Audio.
void read_audio_file(const ReadOptions& options, Utterance& utterance);

// The same from the bytes of an audio file.
void read_audio_bytes(std::string_view bytes, const ReadOptions& options, Utterance& utterance);

// The same of audio that is open.
void read_audio(Audio& audio, Utterance& utterance);

}  // namespace pyser
