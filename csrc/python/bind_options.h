// Python face of csrc/options.
#pragma once

#include <pybind11/pybind11.h>

#include "options/options.h"

namespace pyser {

// The options in a dict of name to value. Every name must be an option and every value of its type
// (FrontendOptions sees to that); throws InputError for integers that are too large.
Options options_from(const pybind11::dict& values);

// Adds option_table and default_use_energy to `module`.
void bind_options(pybind11::module_& module);

}  // namespace pyser
