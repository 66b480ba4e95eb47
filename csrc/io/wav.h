// RIFF/WAVE files: what stands before the samples and after them.
#pragma once

#include <cstdint>
#include <string>

#include "io/byte_source.h"

namespace pyser {

// What stands before the samples.
struct WavHeader {
  bool is_pcm16 = false;  // 16-bit integer PCM; else another codec or sample size
  int format_tag = 0;     // 1 PCM, 3 float, 6 A-law, 7 mu-law, ...; of EXTENSIBLE the sub-format
  int channels = 0;
  int bits = 0;  // per sample, as stored
  uint32_t sample_rate = 0;
  int block_bytes = 0;     // of one sample frame: all channels
  int64_t data_bytes = 0;  // of the samples; -1: up to the end, the size is unknown (a stream)
  int64_t end = -1;        // where the RIFF form ends; -1: unknown
};

// InputError for a sample rate that is no speech but damage: resampling it would need absurd
// memory.
void check_sample_rate(double sample_rate, const std::string& where);

// Whether `source` is at a RIFF/WAVE form; consumes nothing.
bool at_wav(ByteSource& source);

// Reads up to the first sample: unknown chunks are skipped, odd chunks may be padded or not, and
// the sizes a writer to a pipe leaves behind (0, or close to 2^31 or 2^32) mean "up to the end".
// InputError when this is no usable header.
WavHeader read_wav_header(ByteSource& source);

// Skips what follows the samples in the same RIFF form: the pad byte and trailing chunks.
void skip_wav_trailer(ByteSource& source, const WavHeader& header);

}  // namespace pyser
