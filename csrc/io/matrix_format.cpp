#include "io/matrix_format.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace pyser {
namespace {

template <class T>
void append_raw(std::string& out, T value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}

// Codes 0..max_code stand for evenly spaced values from `minimum` to `minimum + range`.
struct LinearCode {
  float minimum, range;

  // Kaldi adds 0.499, not 0.5, before it cuts off the fraction; the same here gives the same codes.
  int encode(float value, int max_code) const {
    const float part = std::clamp((value - minimum) / range, 0.0f, 1.0f);
    return static_cast<int>(part * static_cast<float>(max_code) + 0.499);
  }
  float decode16(int code) const {
    return minimum + range * (1.0f / 65535.0f) * static_cast<float>(code);
  }
};

LinearCode linear_code(const float* rows, size_t count, int method) {
  if (method == kTwoByteSignedInteger) return {-32768.0f, 65535.0f};
  if (method == kOneByteUnsignedInteger) return {0.0f, 255.0f};
  if (method == kOneByteZeroOne) return {0.0f, 1.0f};
  const auto [low, high] = std::minmax_element(rows, rows + count);
  const float top = *high > *low ? *high : *low + (1.0f + std::fabs(*low));
  return {*low, top - *low};
}

// One column in the speech-feature form: one byte a value, on a line that bends at the quartiles.
// `codes` are the 16-bit codes of the minimum, the quartiles and the maximum.
struct ColumnCode {
  std::array<uint16_t, 4> codes;
  std::array<float, 4> points;

  uint8_t encode(float value) const {
    if (value < points[1]) return segment(value, 0, 0, 64);
    if (value < points[2]) return segment(value, 1, 64, 128);
    return segment(value, 2, 192, 63);
  }

 private:
  uint8_t segment(float value, int first, int base, int steps) const {
    const float part = (value - points[first]) / (points[first + 1] - points[first]);
    const int code = static_cast<int>(part * static_cast<float>(steps) + 0.5);
    return static_cast<uint8_t>(std::clamp(base + code, base, base + steps));
  }
};

// Sorts `column`. The four codes are made strictly rising, because a reader divides by their steps.
ColumnCode column_code(std::vector<float>& column, const LinearCode& linear) {
  std::sort(column.begin(), column.end());
  const size_t count = column.size(), quarter = count / 4;
  const std::array<size_t, 4> places =
      count >= 5 ? std::array<size_t, 4>{0, quarter, 3 * quarter, count - 1}
                 : std::array<size_t, 4>{0, 1, 2, 3};
  ColumnCode column_code;
  int lowest = 0;
  for (int i = 0; i < 4; ++i) {
    const int code = places[i] < count ? linear.encode(column[places[i]], 65535) : lowest;
    lowest = std::clamp(code, lowest, 65532 + i);
    column_code.codes[i] = static_cast<uint16_t>(lowest);
    column_code.points[i] = linear.decode16(lowest);
    ++lowest;
  }
  return column_code;
}

void append_global_header(std::string& out, std::string_view type, const LinearCode& linear,
                          int64_t num_rows, int dim) {
  out += std::string_view("\0B", 2);
  out += type;
  append_raw(out, linear.minimum);
  append_raw(out, linear.range);
  append_raw(out, static_cast<int32_t>(num_rows));
  append_raw(out, static_cast<int32_t>(dim));
}

// Header, the codes of each column's points, then the bytes of column after column.
void append_columns(std::string& out, const float* rows, int64_t num_rows, int dim) {
  const LinearCode linear = linear_code(rows, static_cast<size_t>(num_rows) * dim, kSpeechFeature);
  append_global_header(out, "CM ", linear, num_rows, dim);
  std::vector<float> column(num_rows);
  std::string bytes;
  bytes.reserve(static_cast<size_t>(num_rows) * dim);
  for (int d = 0; d < dim; ++d) {
    for (int64_t t = 0; t < num_rows; ++t) column[t] = rows[t * dim + d];
    const ColumnCode code = column_code(column, linear);
    for (const uint16_t point : code.codes) append_raw(out, point);
    for (int64_t t = 0; t < num_rows; ++t) {
      bytes += static_cast<char>(code.encode(rows[t * dim + d]));
    }
  }
  out += bytes;
}

}  // namespace

void check_compression(int method) {
  if (method < 0 || method > kOneByteZeroOne) {
    throw InputError("compression method " + std::to_string(method), "", "1 to 7, or 0 for none");
  }
}

void append_header(std::string& out, const char* type, int64_t num_rows, int dim) {
  out += std::string_view("\0B", 2);
  out += type;
  out += ' ';
  for (const int64_t size : {num_rows, static_cast<int64_t>(dim)}) {
    out += '\4';  // the number of bytes of the integer that follows
    append_raw(out, static_cast<int32_t>(size));
  }
}

void begin_text(std::string& out) { out += " ["; }

void append_text(std::string& out, const float* rows, int64_t num_rows, int dim) {
  char digits[32];
  for (int64_t t = 0; t < num_rows; ++t) {
    out += "\n  ";
    for (int d = 0; d < dim; ++d) {
      const auto end = std::to_chars(digits, digits + sizeof digits, rows[t * dim + d]).ptr;
      const std::string_view number(digits, end - digits);
      const size_t exponent = number.find('e');
      const std::string_view mantissa = number.substr(0, exponent);
      out += mantissa;
      if (mantissa.find('.') == std::string_view::npos) out += ".0";
      if (exponent != std::string_view::npos) out += number.substr(exponent);
      out += ' ';
    }
  }
}

void end_text(std::string& out) { out += "]\n"; }

void append_compressed(std::string& out, const float* rows, int64_t num_rows, int dim, int method) {
  check_compression(method);
  if (method == kAutomatic) method = num_rows > 8 ? kSpeechFeature : kTwoByteAuto;
  if (method == kSpeechFeature) return append_columns(out, rows, num_rows, dim);
  const size_t count = static_cast<size_t>(num_rows) * dim;
  const LinearCode linear = linear_code(rows, count, method);
  const bool two_bytes = method == kTwoByteAuto || method == kTwoByteSignedInteger;
  append_global_header(out, two_bytes ? "CM2 " : "CM3 ", linear, num_rows, dim);
  for (size_t i = 0; i < count; ++i) {
    if (two_bytes) {
      append_raw(out, static_cast<uint16_t>(linear.encode(rows[i], 65535)));
    } else {
      append_raw(out, static_cast<uint8_t>(linear.encode(rows[i], 255)));
    }
  }
}

}  // namespace pyser
