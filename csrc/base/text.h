// Numbers as they stand in messages.
#pragma once

#include <cstdio>
#include <string>

namespace pyser {

// The shortest usual form: 16000, 0.97, 1e+30.
inline std::string text(double value) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.10g", value);
  return buffer;
}

}  // namespace pyser
