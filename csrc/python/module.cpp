// The extension module pyser._native.
#include <pybind11/pybind11.h>

#include "base/error.h"
#include "python/bind_bench.h"
#include "python/bind_cmvn.h"
#include "python/bind_frontend.h"
#include "python/bind_io.h"
#include "python/bind_options.h"
#include "python/bind_simd.h"

namespace py = pybind11;

namespace {

py::object text_or_none(const std::string& text) {
  return text.empty() ? py::object(py::none()) : py::object(py::str(text));
}

// Raises the class of that name in pyser.errors.
void raise(const char* name, const pyser::Error& error) {
  const py::object type = py::module_::import("pyser.errors").attr(name);
  const py::object value = type(error.found, text_or_none(error.where),
                                text_or_none(error.expected), text_or_none(error.remedy));
  PyErr_SetObject(type.ptr(), value.ptr());
}

void translate(std::exception_ptr pointer) {
  try {
    if (pointer) std::rethrow_exception(pointer);
  } catch (const pyser::InputError& error) {
    raise("InputError", error);
  } catch (const pyser::FileError& error) {
    raise("FileError", error);
  }
}

}  // namespace

PYBIND11_MODULE(_native, module) {
  module.doc() = "The C++ part of pyser; use it through pyser.frontend.";
  py::register_exception_translator(translate);
  pyser::bind_options(module);
  pyser::bind_frontend(module);
  pyser::bind_cmvn(module);
  pyser::bind_io(module);
  pyser::bind_simd(module);
  pyser::bind_bench(module);
}
