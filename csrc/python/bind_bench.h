#pragma once

#include <pybind11/pybind11.h>

namespace pyser {

void bind_bench(pybind11::module_& module);

}  // namespace pyser
