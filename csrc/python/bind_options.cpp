#include "python/bind_options.h"

#include <pybind11/stl.h>

#include <string>
#include <type_traits>
#include <variant>

#include "base/error.h"

namespace py = pybind11;

namespace pyser {
namespace {

template <class T>
constexpr const char* type_name() {
  if constexpr (std::is_same_v<T, int>) return "int";
  if constexpr (std::is_same_v<T, double>) return "float";
  if constexpr (std::is_same_v<T, std::string>) return "str";
  return "bool";
}

py::list option_table() {
  const Options defaults;
  py::list table;
  for (const OptionField& field : option_fields()) {
    py::dict row;
    row["name"] = field.name;
    std::visit(
        [&](auto member) {
          using T = std::decay_t<decltype(defaults.*member)>;
          row["type"] = type_name<T>();
          row["default"] = defaults.*member;
        },
        field.member);
    row["unit"] = field.unit;
    row["help"] = field.limits.items.empty() ? field.help : field.help + "; " + field.expected();
    row["choices"] = py::tuple(py::cast(field.limits.choices));
    row["items"] = py::tuple(py::cast(field.limits.items));
    row["minimum"] = field.limits.minimum;
    row["maximum"] = field.limits.maximum;
    table.append(row);
  }
  return table;
}

}  // namespace

Options options_from(const py::dict& values) {
  Options options;
  for (const OptionField& field : option_fields()) {
    if (!values.contains(field.name)) continue;
    const py::object value = values[field.name.c_str()];
    std::visit(
        [&](auto member) {
          using T = std::decay_t<decltype(options.*member)>;
          try {
            options.*member = value.cast<T>();
          } catch (const py::cast_error&) {  // an integer that is too large
            throw InputError("the value is " + std::string(py::repr(value)), field.name,
                             field.expected());
          }
        },
        field.member);
  }
  return options;
}

void bind_options(py::module_& module) {
  module.def("option_table", &option_table, "The options of the front end, one dict each.");
  module.def("default_use_energy", &Options::default_use_energy, py::arg("feature_type"));
}

}  // namespace pyser
