// The space that a study draws settings from, one dimension an option of `prl train`:
//
//   uniform        x = low + (high - low) u
//   log-uniform    x = low (high / low)^u
//   int            x = low + floor(u (high - low + 1)), a whole number
//   choice         values[floor(u values)]
//
// u is uniform in [0, 1), of the counter-based generator (core/random.hpp): keyed by the study's seed and counted by
// (trial, dimension), so that a trial's setting depends on nothing but its number. Real numbers are rounded to six
// significant digits, the text that the option is given.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace prl {

enum class SpaceLaw { kUniform, kLogUniform, kInteger, kChoice };

struct Dimension {
  std::string option;  // like "--learning-rate"
  SpaceLaw law = SpaceLaw::kUniform;
  double low = 0.0;  // and `high`: of numbers, both included
  double high = 1.0;
  std::vector<std::string> values;  // of a choice
};

using SettingSpace = std::vector<Dimension>;
// The values of a trial as texts, in the order of the space's dimensions.
using TrialSetting = std::vector<std::string>;

std::string name_of(SpaceLaw law);

// The setting that trial `trial` of a study with this seed draws.
TrialSetting draw_setting(const SettingSpace& space, std::uint64_t seed, int trial);

// A setting beside `setting`, after Jaderberg et al., "Population based training of neural networks" (2017), section 4:
// each value is drawn anew with probability 1/4, and else multiplied by 0.8 or 1.2, each as likely, and kept within its
// limits; a whole number then changes by at least 1. A choice that is not drawn anew stays. The numbers are those of
// (seed, trial, stage).
TrialSetting perturb_setting(const SettingSpace& space, const TrialSetting& setting, std::uint64_t seed, int trial,
                             int stage);

// "--learning-rate=0.001", one word a dimension.
std::vector<std::string> setting_words(const SettingSpace& space, const TrialSetting& setting);

}  // namespace prl
