// Numbers as they stand in messages, and what is text at all.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

namespace pyser {

// The shortest usual form: 16000, 0.97, 1e+30.
inline std::string text(double value) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.10g", value);
  return buffer;
}

// Whether `bytes` are UTF-8: no overlong forms, no surrogates, nothing beyond U+10FFFF.
inline bool is_utf8(std::string_view bytes) {
  for (size_t i = 0; i < bytes.size();) {
    const auto at = [&](size_t k) { return static_cast<unsigned char>(bytes[k]); };
    const unsigned first = at(i++);
    if (first < 0x80) continue;
    const size_t more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
    if (first < 0xC2 || first > 0xF4 || bytes.size() - i < more) return false;
    const unsigned lowest = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    const unsigned highest = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    if (at(i) < lowest || at(i) > highest) return false;
    for (size_t k = i + 1; k < i + more; ++k) {
      if ((at(k) & 0xC0) != 0x80) return false;
    }
    i += more;
  }
  return true;
}

}  // namespace pyser
