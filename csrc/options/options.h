// The front-end options: a plain struct, and a table that describes each of its fields.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace pyser {

// What the option frame_features may list, those of the pitch last; kFrameFeatureNames is in the
// same order.
enum class FrameFeature { kLogEnergy, kZcr, kRms, kF0, kLogF0, kVoicing, kNccf };
inline constexpr std::array kFrameFeatureNames = {"log_energy", "zcr",     "rms", "f0",
                                                  "log_f0",     "voicing", "nccf"};

inline bool is_of_pitch(FrameFeature feature) { return feature >= FrameFeature::kF0; }

struct Options {
#define PYSER_OPTION(type, name, value, unit, limits, help) type name = value;
#include "options/options.def"
#undef PYSER_OPTION

  // use_energy, or its default where it was not set.
  bool energy() const { return use_energy.value_or(default_use_energy(feature_type)); }

  static bool default_use_energy(const std::string& feature_type) { return feature_type == "mfcc"; }

  // frame_features as a list; they must have passed check_limits.
  std::vector<FrameFeature> frame_feature_list() const;
};

// What a field may hold: a closed interval, one of the words `choices`, any of the words `items`
// with commas between them, or anything of its type.
struct Limits {
  std::optional<double> minimum, maximum;
  std::vector<std::string> choices;
  std::vector<std::string> items;
};

// One row of the table: the field, what describes it, and where it lies in the struct.
struct OptionField {
  using Member = std::variant<bool Options::*, std::optional<bool> Options::*, int Options::*,
                              double Options::*, std::string Options::*>;
  std::string name;
  Member member;
  std::string unit;
  Limits limits;
  std::string help;

  // The limits in words, for messages.
  std::string expected() const;
};

// The table, in the order of options.def.
const std::vector<OptionField>& option_fields();

// Throws InputError when a field lies outside its limits.
void check_limits(const Options& options);

}  // namespace pyser
