// Bindings of the archive path: sources and the pipeline.
#pragma once

#include <pybind11/pybind11.h>

namespace pyser {

void bind_extract(pybind11::module_& module);

}  // namespace pyser
