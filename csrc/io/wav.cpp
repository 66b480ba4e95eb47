#include "io/wav.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "base/error.h"
#include "base/text.h"

namespace pyser {
namespace {

constexpr int kPcm = 1;
constexpr int kExtensible = 0xFFFE;
// The last 14 bytes of the identifier of every sub-format that has a plain format tag.
constexpr std::string_view kSubFormatTail("\0\0\0\0\x10\0\x80\0\0\xAA\0\x38\x9B\x71", 14);
constexpr double kLowestRate = 1000, kHighestRate = 768000;

uint32_t little(std::string_view bytes, size_t at, int count) {
  uint32_t value = 0;
  for (int i = count - 1; i >= 0; --i) {
    value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  }
  return value;
}

// Sizes that writers to a pipe leave: they cannot go back and fill in the true one.
bool is_stream_mark(uint32_t size) {
  return (size >= 0x7FFF0000u && size <= 0x7FFFFFFFu) || size >= 0xFFFF0000u;
}

bool is_chunk_name(std::string_view name) {
  return name.size() == 4 &&
         std::all_of(name.begin(), name.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

// Skips the pad byte of an odd chunk, unless it was forgotten and a well-known chunk follows at
// once.
void skip_padding(ByteSource& source, uint32_t size) {
  if (size % 2 == 0) return;
  const std::string_view next = source.peek(4);
  if (next != "data" && next != "fmt " && next != "fact" && next != "LIST") source.skip(1);
}

void read_format(ByteSource& source, uint32_t size, WavHeader& header) {
  char bytes[40] = {};
  const size_t wanted = std::min<size_t>(size, sizeof bytes);
  if (size < 16 || source.read(bytes, wanted) < wanted) {
    throw InputError("has a 'fmt ' chunk of " + std::to_string(size) + " bytes", source.name(),
                     "at least 16 bytes");
  }
  source.skip(static_cast<int64_t>(size) - static_cast<int64_t>(wanted));
  const std::string_view format(bytes, sizeof bytes);
  header.format_tag = little(format, 0, 2);
  header.channels = little(format, 2, 2);
  header.sample_rate = little(format, 4, 4);
  header.block_bytes = little(format, 12, 2);
  header.bits = little(format, 14, 2);
  if (header.format_tag == kExtensible && size >= 40 && format.substr(26, 14) == kSubFormatTail) {
    header.format_tag = little(format, 24, 2);
  }
  header.is_pcm16 = header.format_tag == kPcm && header.bits == 16;
}

void check_format(const ByteSource& source, const WavHeader& header) {
  if (header.channels == 0) throw InputError("has 0 channels", source.name(), "1 or more");
  check_sample_rate(header.sample_rate, source.name());
  if (header.is_pcm16 && header.block_bytes != 2 * header.channels) {
    throw InputError("has sample frames of " + std::to_string(header.block_bytes) + " bytes",
                     source.name(),
                     std::to_string(2 * header.channels) + " for 16 bits and " +
                         std::to_string(header.channels) + " channels",
                     "the header is damaged");
  }
}

// Whether `size` is a true size of the samples or stands for "unknown".
bool size_is_known(const ByteSource& source, uint32_t size, uint32_t riff_size,
                   int64_t bytes_before) {
  if (size == 0) return riff_size == bytes_before;  // an honest empty file says 0 twice
  if (!is_stream_mark(size)) return true;
  return source.remaining() >= static_cast<int64_t>(size);  // a file that really is that long
}

}  // namespace

void check_sample_rate(double sample_rate, const std::string& where) {
  if (sample_rate >= kLowestRate && sample_rate <= kHighestRate) return;
  throw InputError("has a sample rate of " + text(sample_rate) + " Hz", where,
                   text(kLowestRate) + " to " + text(kHighestRate) + " Hz",
                   "the header is damaged");
}

bool at_wav(ByteSource& source) {
  const std::string_view start = source.peek(12);
  return start.size() == 12 && start.substr(0, 4) == "RIFF" && start.substr(8, 4) == "WAVE";
}

WavHeader read_wav_header(ByteSource& source) {
  if (!at_wav(source)) throw InputError("does not begin as a RIFF/WAVE file", source.name());
  WavHeader header;
  const uint32_t riff_size = little(source.peek(8), 4, 4);
  const int64_t start = source.position() + 8;
  source.skip(12);
  bool has_format = false;
  for (;;) {
    char bytes[8];
    if (source.read(bytes, 8) < 8) {
      throw InputError(has_format ? "ends before its samples ('data')" : "ends inside its header",
                       source.name(), "a WAV file", "the file is truncated or no WAV file");
    }
    const std::string_view name(bytes, 4);
    const uint32_t size = little(std::string_view(bytes, 8), 4, 4);
    if (name == "data") {
      if (!has_format) throw InputError("has samples before a 'fmt ' chunk", source.name());
      const int64_t before = source.position() - start;
      header.data_bytes = -1;
      if (size_is_known(source, size, riff_size, before)) header.data_bytes = size;
      const bool end_known = riff_size != 0 && !is_stream_mark(riff_size);
      if (header.data_bytes >= 0 && end_known) header.end = start + riff_size;
      return header;
    }
    if (name == "fmt ") {
      read_format(source, size, header);
      check_format(source, header);
      has_format = true;
    } else if (is_chunk_name(name)) {
      source.skip(size);
    } else {
      throw InputError(
          "has a chunk without a name at byte " + std::to_string(source.position() - 8),
          source.name(), "a WAV file", "the header is damaged");
    }
    skip_padding(source, size);
  }
}

void skip_wav_trailer(ByteSource& source, const WavHeader& header) {
  if (header.end <= source.position()) return;
  if (header.data_bytes % 2 != 0) source.skip(1);
  while (source.position() + 8 <= header.end) {
    const std::string_view next = source.peek(8);
    if (next.size() < 8 || !is_chunk_name(next.substr(0, 4))) return;
    const int64_t size = little(next, 4, 4);
    if (source.position() + 8 + size > header.end) return;  // rather the next key of an archive
    source.skip(8 + size + size % 2);
  }
}

}  // namespace pyser
