#include "io/audio.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/error.h"

namespace pyser {
namespace {

constexpr std::string_view kEnvelope = "AUDIO";
constexpr int64_t kGrowBytes = 1 << 20;
constexpr int64_t kFrameBlock = 1 << 14;  // samples picked out of several channels at once
constexpr const char* kUseWhatThereIs =
    "copy it again, or use what there is with --allow-truncated";

[[noreturn]] void refuse_truncated(const ByteSource& source, int64_t promised, int64_t found) {
  throw InputError("is truncated: its header promises " + std::to_string(promised) +
                       " bytes, found " + std::to_string(found),
                   source.name(), "", kUseWhatThereIs);
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
void append_bytes(ByteSource& source, int64_t count, bool allow_truncated, std::string& bytes) {
  for (int64_t done = 0; done < count;) {
    const size_t before = bytes.size();
    const size_t wanted = static_cast<size_t>(std::min(count - done, kGrowBytes));
    bytes.resize(before + wanted);
    const size_t got = source.read(bytes.data() + before, wanted);
    bytes.resize(before + got);
    done += static_cast<int64_t>(got);
    if (got < wanted) {
      if (allow_truncated) return;
      refuse_truncated(source, count, done);
    }
  }
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

Audio::Audio(const std::string& path, int64_t offset, const ReadOptions& options)
    : options_(options), owned_(std::make_unique<ByteSource>(path)), source_(owned_.get()) {
  if (offset < 0) return;
  source_->seek(offset);
  enter_entry();
}

Audio::Audio(std::string_view bytes, const std::string& name, const ReadOptions& options)
    : options_(options), owned_(std::make_unique<ByteSource>(bytes, name)), source_(owned_.get()) {}

Audio::Audio(ByteSource& archive, const ReadOptions& options)
    : options_(options), source_(&archive) {
  enter_entry();
}

// Reads as much of an archive entry as tells where it ends.
void Audio::enter_entry() {
  if (source_->peek(kEnvelope.size()) == kEnvelope) return read_envelope();
  if (!at_wav(*source_)) refuse_entry(*source_);
  head_ = source_->peek(ByteSource::kMaxPeek);
  const int64_t begin = source_->position();
  header_ = read_wav_header(*source_);
  has_header_ = in_archive_ = true;
  first_byte_ = source_->position();
  if (header_.data_bytes < 0) {
    throw InputError("does not say how long its samples are, so their end cannot be found",
                     source_->name(), "a WAV file with its sizes", "write the archive again");
  }
  const size_t header_bytes = static_cast<size_t>(first_byte_ - begin);
  if (header_bytes > head_.size()) {
    throw InputError("has a WAV header of " + std::to_string(header_bytes) + " bytes",
                     source_->name(), "at most " + std::to_string(head_.size()) + " in an archive");
  }
  head_.resize(header_bytes);
  const int64_t there = source_->remaining();
  if (there >= 0 && there < header_.data_bytes && !options_.allow_truncated) {
    refuse_truncated(*source_, header_.data_bytes, there);
  }
  if (!header_.is_pcm16) read_blob();
}

// kaldiio: AUDIO, how many bytes the length has, the length (little-endian), an audio file.
void Audio::read_envelope() {
  source_->skip(static_cast<int64_t>(kEnvelope.size()));
  unsigned char digits[8] = {};
  const size_t count = source_->read(digits, 1) == 1 ? digits[0] : 0;
  if (count == 0 || count >= sizeof digits || source_->read(digits, count) < count) {
    throw InputError("has an AUDIO envelope without a length", source_->name());
  }
  int64_t length = 0;
  for (size_t i = count; i > 0; --i) length = length << 8 | digits[i - 1];
  append_bytes(*source_, length, options_.allow_truncated, blob_);
  owned_ = std::make_unique<ByteSource>(blob_, source_->name());
  source_ = owned_.get();
}

// The bytes of a WAV file inside an archive that is not read here.
void Audio::read_blob() {
  blob_ = head_;
  append_bytes(*source_, header_.data_bytes, options_.allow_truncated, blob_);
  skip_wav_trailer(*source_, header_);
}

void Audio::open() {
  if (!has_header_) {
    foreign_ = !at_wav(*source_);
    if (foreign_) return;
    header_ = read_wav_header(*source_);
    first_byte_ = source_->position();
  }
  if (header_.is_pcm16) return open_samples();
  foreign_ = true;
  const int64_t there = blob_.empty() || !has_header_
                            ? source_->remaining()
                            : static_cast<int64_t>(blob_.size() - head_.size());
  truncated_ = header_.data_bytes >= 0 && there >= 0 && there < header_.data_bytes;
  if (truncated_ && !options_.allow_truncated) {
    refuse_truncated(*source_, header_.data_bytes, there);
  }
}

void Audio::open_samples() {
  const int64_t block = header_.block_bytes;
  const int64_t promised = header_.data_bytes < 0 ? INT64_MAX : header_.data_bytes;
  const int64_t there = source_->remaining();
  known_ = there >= 0;
  left_ = known_ ? std::min(there, promised) / block : promised / block;
  if (header_.data_bytes < 0) {
    if (!known_) left_ = INT64_MAX;
  } else if (left_ * block < promised) {
    truncated_ = true;
    if (!options_.allow_truncated) refuse_truncated(*source_, promised, left_ * block);
  }
  channel_ = checked_channel(header_.channels, options_, source_->name());
}

void Audio::select(int64_t first, int64_t count) {
  source_->skip(first * header_.block_bytes);
  left_ = std::max<int64_t>(0, std::min(left_ - first, count));
}

// Up to `count` samples of the channel, or fewer at the end.
int64_t Audio::read_frames(int16_t* to, int64_t count) {
  static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "samples are copied as they are");
  const size_t block = static_cast<size_t>(header_.block_bytes);
  if (header_.channels == 1) return static_cast<int64_t>(source_->read(to, count * block) / block);
  int64_t done = 0;
  while (done < count) {
    const int64_t wanted = std::min(kFrameBlock, count - done);
    frames_.resize(wanted * header_.channels);
    const auto got = static_cast<int64_t>(source_->read(frames_.data(), wanted * block) / block);
    for (int64_t i = 0; i < got; ++i) to[done + i] = frames_[i * header_.channels + channel_];
    done += got;
    if (got < wanted) break;
  }
  return done;
}

int64_t Audio::read(int16_t* to, int64_t count) {
  const int64_t wanted = std::min(count, left_);
  const int64_t got = read_frames(to, wanted);
  const bool promised = left_ != INT64_MAX;
  read_ += got;
  if (promised) left_ -= got;
  if (got == wanted) return got;
  left_ = 0;
  if (!promised) return got;
  truncated_ = true;
  if (!options_.allow_truncated) {
    refuse_truncated(*source_, header_.data_bytes, read_ * header_.block_bytes);
  }
  return got;
}

int64_t Audio::read_all(Buffer<int16_t>& samples) {
  const size_t before = samples.size();
  while (left_ > 0) {
    const int64_t wanted = known_ ? left_ : std::min<int64_t>(left_, kGrowBytes / 2);
    int16_t* to = samples.extend(static_cast<size_t>(wanted));
    samples.drop(static_cast<size_t>(wanted - read(to, wanted)));
  }
  return static_cast<int64_t>(samples.size() - before);
}

void Audio::finish() {
  if (!in_archive_ || !header_.is_pcm16) return;
  source_->skip(first_byte_ + header_.data_bytes - source_->position());
  skip_wav_trailer(*source_, header_);
}

void read_audio(Audio& audio, Utterance& utterance) {
  utterance.truncated = audio.is_truncated();
  if (audio.is_foreign()) {
    utterance.blob = audio.take_blob();
    utterance.outcome = Outcome::foreign;
    return;
  }
  Buffer<int16_t> samples;
  audio.read_all(samples);
  utterance.samples.assign(samples.data(), samples.data() + samples.size());
  utterance.truncated = audio.is_truncated();
  utterance.sample_rate = audio.sample_rate();
  utterance.outcome = Outcome::loaded;
}

void read_audio_file(const ReadOptions& options, Utterance& utterance) {
  Audio audio(utterance.path, utterance.offset, options);
  audio.open();
  read_audio(audio, utterance);
}

void read_audio_bytes(std::string_view bytes, const ReadOptions& options, Utterance& utterance) {
  Audio audio(bytes, utterance.path, options);
  audio.open();
  read_audio(audio, utterance);
}

}  // namespace pyser
