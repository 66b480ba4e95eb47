#include "options/options.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace pyser {
namespace {

Limits none() { return {}; }

Limits between(double minimum, double maximum) { return {minimum, maximum, {}, {}}; }

template <class... Words>
Limits choices(Words... words) {
  return {{}, {}, {words...}, {}};
}

template <size_t size>
Limits items(const std::array<const char*, size>& words) {
  return {{}, {}, {}, {words.begin(), words.end()}};
}

std::string joined(const std::vector<std::string>& words) {
  std::string list;
  for (const auto& word : words) list += (list.empty() ? "" : ", ") + word;
  return list;
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

// "a,b" -> {"a", "b"}
std::vector<std::string> split(const std::string& value) {
  std::vector<std::string> items;
  if (value.empty()) return items;
  for (size_t begin = 0; begin <= value.size();) {
    const size_t end = std::min(value.find(',', begin), value.size());
    items.push_back(value.substr(begin, end - begin));
    begin = end + 1;
  }
  return items;
}

void check_items(const OptionField& field, const std::string& value) {
  const auto& words = field.limits.items;
  const auto items = split(value);
  for (auto item = items.begin(); item != items.end(); ++item) {
    if (std::find(words.begin(), words.end(), *item) == words.end()) {
      throw InputError("found '" + *item + "' in '" + value + "'", field.name, field.expected());
    }
    if (std::find(items.begin(), item, *item) != item) {
      throw InputError("found '" + *item + "' twice in '" + value + "'", field.name);
    }
  }
}

}  // namespace

std::vector<FrameFeature> Options::frame_feature_list() const {
  const auto& names = kFrameFeatureNames;
  std::vector<FrameFeature> list;
  for (const std::string& item : split(frame_features)) {
    list.push_back(FrameFeature(std::find(names.begin(), names.end(), item) - names.begin()));
  }
  return list;
}

std::string OptionField::expected() const {
  if (limits.minimum) return "from " + text(*limits.minimum) + " to " + text(*limits.maximum);
  if (!limits.items.empty()) return "any of, with commas between them: " + joined(limits.items);
  return limits.choices.empty() ? "" : "one of: " + joined(limits.choices);
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
      const bool is_list = !field.limits.items.empty();
      (is_list ? check_items : check_word)(field, options.*(*member));
    }
  }
}

}  // namespace pyser
