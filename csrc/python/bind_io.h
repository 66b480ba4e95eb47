// Python face of csrc/io.
#pragma once

#include <pybind11/pybind11.h>

namespace pyser {

// Adds the archive and waveform classes to `module`.
void bind_io(pybind11::module_& module);

}  // namespace pyser
