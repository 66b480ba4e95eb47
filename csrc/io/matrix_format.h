// The forms a float matrix has in a Kaldi archive, after the key and its space.
#pragma once

#include <cstdint>
#include <string>

namespace pyser {

// Kaldi's compression methods. Automatic is speech_feature for more than 8 rows, else
// two_byte_auto.
enum CompressionMethod {
  kAutomatic = 1,
  kSpeechFeature = 2,
  kTwoByteAuto = 3,
  kTwoByteSignedInteger = 4,
  kOneByteAuto = 5,
  kOneByteUnsignedInteger = 6,
  kOneByteZeroOne = 7,
};

// InputError unless `method` is 0 (none) or one of the above.
void check_compression(int method);

// Binary, up to the first value: "\0B", the type ("FM" floats, "DM" doubles) and the sizes. The
// values follow, row by row.
void append_header(std::string& out, const char* type, int64_t num_rows, int dim);

// Text: " [", one line a row, "]". Each value has the fewest digits that give it back exactly, and
// always a decimal point, because readers tell integers from floats by it.
void begin_text(std::string& out);
void append_text(std::string& out, const float* rows, int64_t num_rows, int dim);
void end_text(std::string& out);

// Binary, compressed ("CM", "CM2" or "CM3") as Kaldi does it: values are clipped to the range of
// the method, so the fixed-range methods 4, 6 and 7 lose what lies outside of theirs.
void append_compressed(std::string& out, const float* rows, int64_t num_rows, int dim, int method);

}  // namespace pyser
