#include "io/audio.h"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "io/wav.h"

namespace pyser {
namespace {

constexpr std::string_view kEnvelope = "AUDIO";
constexpr int64_t kGrowBytes = 1 << 20;
constexpr const char* kUseWhatThereIs =
    "copy it again, or use what there is with --allow-truncated";

std::string truncated_text(int64_t promised, int64_t found) {
  return "is truncated: its header promises " + std::to_string(promised) + " bytes, found " +
         std::to_string(found);
}

// Archive entries that hold something else are refused by name. A pickle could run any code.
[[noreturn]] void refuse_entry(ByteSource& source) {
  const std::string_view start = source.peek(4);
  std::string found = "holds bytes that are no WAV file";
  if (start.substr(0, 3) == "PKL") found = "holds a Python pickle, which is never loaded";
  if (start.substr(0, 3) == "NPY") found = "holds a NumPy array, which has no sample rate";
  if (start.substr(0, 4) == "fLaC") found = "holds a bare FLAC file, whose end is not known";
  if (start.substr(0, 2) == std::string_view("\0B", 2))
    found = "holds a matrix or vector, no audio";
  throw InputError(found + " at byte " + std::to_string(source.position()), source.name(),
                   "WAV audio, as wav-copy writes it");
}

// Appends `count` bytes of an archive; memory follows the bytes that are really there.
void append_bytes(ByteSource& source, int64_t count, std::string& bytes,
                  const ReadOptions& options) {
  for (int64_t done = 0; done < count;) {
    const size_t before = bytes.size();
    const size_t wanted = static_cast<size_t>(std::min(count - done, kGrowBytes));
    bytes.resize(before + wanted);
    const size_t got = source.read(bytes.data() + before, wanted);
    bytes.resize(before + got);
    done += static_cast<int64_t>(got);
    if (got < wanted) {
      if (options.allow_truncated) return;
      throw InputError(truncated_text(count, done), source.name(), "", kUseWhatThereIs);
    }
  }
}

// The bytes of a WAV file inside an archive. It is read to its end, so that the next key is found.
std::string riff_bytes(ByteSource& source, const ReadOptions& options) {
  std::string bytes(source.peek(ByteSource::kMaxPeek));
  const int64_t begin = source.position();
  const WavHeader header = read_wav_header(source);
  if (header.data_bytes < 0) {
    throw InputError("does not say how long its samples are, so their end cannot be found",
                     source.name(), "a WAV file with its sizes", "write the archive again");
  }
  const size_t header_bytes = static_cast<size_t>(source.position() - begin);
  if (header_bytes > bytes.size()) {
    throw InputError("has a WAV header of " + std::to_string(header_bytes) + " bytes",
                     source.name(), "at most " + std::to_string(bytes.size()) + " in an archive");
  }
  bytes.resize(header_bytes);
  append_bytes(source, header.data_bytes, bytes, options);
  skip_wav_trailer(source, header);
  return bytes;
}

// kaldiio: AUDIO, how many bytes the length has, the length (little-endian), an audio file.
std::string envelope_bytes(ByteSource& source, const ReadOptions& options) {
  source.skip(static_cast<int64_t>(kEnvelope.size()));
  unsigned char digits[8] = {};
  const size_t count = source.read(digits, 1) == 1 ? digits[0] : 0;
  if (count == 0 || count >= sizeof digits || source.read(digits, count) < count) {
    throw InputError("has an AUDIO envelope without a length", source.name());
  }
  int64_t length = 0;
  for (size_t i = count; i > 0; --i) length = length << 8 | digits[i - 1];
  std::string bytes;
  append_bytes(source, length, bytes, options);
  return bytes;
}

}  // namespace

int checked_channel(int channels, const ReadOptions& options, const std::string& where) {
  const std::string range = "--channel=0 to " + std::to_string(channels - 1);
  if (options.channel >= channels) {
    throw InputError("has no channel " + std::to_string(options.channel), where,
                     channels == 1 ? "--channel=0, for it has one channel" : range);
  }
  if (options.channel < 0 && channels != 1) {
    throw InputError("has " + std::to_string(channels) + " channels", where, "one channel",
                     "name the one to use with " + range);
  }
  return std::max(options.channel, 0);
}

void read_audio(ByteSource& source, const ReadOptions& options, Utterance& utterance) {
  utterance.outcome = Outcome::foreign;
  if (!at_wav(source)) return;
  const WavHeader header = read_wav_header(source);
  const int64_t left = source.remaining();
  bool truncated = header.data_bytes >= 0 && left >= 0 && left < header.data_bytes;
  int64_t found = left;
  std::vector<int16_t>& samples = utterance.samples;
  if (header.is_pcm16) {
    truncated = read_pcm16(source, header, samples);
    found = static_cast<int64_t>(samples.size() * sizeof(int16_t));
  }
  if (truncated && !options.allow_truncated) {
    throw InputError(truncated_text(header.data_bytes, found), source.name(), "", kUseWhatThereIs);
  }
  utterance.truncated = truncated;
  if (!header.is_pcm16) return;
  const int channel = checked_channel(header.channels, options, source.name());
  if (header.channels > 1) {
    const size_t frames = samples.size() / header.channels;
    for (size_t i = 0; i < frames; ++i) samples[i] = samples[i * header.channels + channel];
    samples.resize(frames);
  }
  utterance.sample_rate = header.sample_rate;
  utterance.outcome = Outcome::loaded;
}

void read_archived_audio(ByteSource& source, const ReadOptions& options, Utterance& utterance) {
  std::string bytes;
  if (source.peek(kEnvelope.size()) == kEnvelope) {
    bytes = envelope_bytes(source, options);
  } else if (at_wav(source)) {
    bytes = riff_bytes(source, options);
  } else {
    refuse_entry(source);
  }
  try {
    ByteSource memory(bytes, source.name());
    read_audio(memory, options, utterance);
  } catch (const Error& error) {
    utterance.fail(error);
  }
  if (utterance.outcome == Outcome::foreign) utterance.blob = std::move(bytes);
}

void read_audio_file(const ReadOptions& options, Utterance& utterance) {
  ByteSource source(utterance.path);
  if (utterance.offset < 0) return read_audio(source, options, utterance);
  source.seek(utterance.offset);
  read_archived_audio(source, options, utterance);
}

}  // namespace pyser
