#include "python/bind_io.h"

namespace pyser {

void bind_io(pybind11::module_&) {}

}  // namespace pyser
