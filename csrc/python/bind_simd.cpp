#include "python/bind_simd.h"

#include <pybind11/stl.h>

#include "kernel/dispatch.h"

namespace py = pybind11;

namespace pyser {

void bind_simd(py::module_& module) {
  module.def(
      "simd_level", [] { return kernels().name; },
      "Name of the instruction set the front end computes with: the fastest of simd_levels(), or "
      "the one that the environment variable PYSER_SIMD names. The features are the same bytes.\n\n"
      "Raises:\n    InputError: PYSER_SIMD names none of simd_levels().");
  module.def("simd_levels", &simd_levels,
             "Names of the instruction sets that this machine supports, slowest first.");
  module.def("set_simd_level", &set_simd_level, py::arg("name"),
             "Compute with another instruction set from now on: for tests and measurements.");
}

}  // namespace pyser
