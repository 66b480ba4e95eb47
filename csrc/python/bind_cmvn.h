// Python's view of mean and variance normalisation.
#pragma once

#include <pybind11/pybind11.h>

namespace pyser {

void bind_cmvn(pybind11::module_& module);

}  // namespace pyser
