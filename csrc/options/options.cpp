#include "options/options.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace pyser {
namespace {

Limits none() { return {}; }

Limits between(double minimum, double maximum) { return {minimum, maximum, {}}; }

template <class... Words>
Limits choices(Words... words) {
  return {{}, {}, {words...}};
}

void check_number(const OptionField& field, double value) {
  if (value >= *field.limits.minimum && value <= *field.limits.maximum) return;  // false for NaN
  throw InputError("the value is " + text(value), field.name, field.expected());
}

void check_word(const OptionField& field, const std::string& value) {
  const auto& words = field.limits.choices;
  if (std::find(words.begin(), words.end(), value) != words.end()) return;
  throw InputError("the value is '" + value + "'", field.name, field.expected());
}

}  // namespace

std::string OptionField::expected() const {
  if (limits.minimum) return "from " + text(*limits.minimum) + " to " + text(*limits.maximum);
  std::string list;
  for (const auto& word : limits.choices) list += (list.empty() ? "one of: " : ", ") + word;
  return list;
}

const std::vector<OptionField>& option_fields() {
  static const std::vector<OptionField> fields = {
#define PYSER_OPTION(type, name, value, unit, limits, help) \
  {#name, &Options::name, unit, limits, help},
#include "options/options.def"
#undef PYSER_OPTION
  };
  return fields;
}

void check_limits(const Options& options) {
  for (const auto& field : option_fields()) {
    if (auto member = std::get_if<double Options::*>(&field.member)) {
      check_number(field, options.*(*member));
    } else if (auto member = std::get_if<int Options::*>(&field.member)) {
      check_number(field, options.*(*member));
    } else if (auto member = std::get_if<std::string Options::*>(&field.member)) {
      check_word(field, options.*(*member));
    }
  }
}

}  // namespace pyser
