// Python face of csrc/frontend.
#pragma once

#include <pybind11/pybind11.h>

namespace pyser {

// Adds Plan and Stream to `module`.
void bind_frontend(pybind11::module_& module);

}  // namespace pyser
