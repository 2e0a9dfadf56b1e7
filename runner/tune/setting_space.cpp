#include "runner/tune/setting_space.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/random.hpp"

namespace prl {
namespace {

// Numbers of a study, apart from those of its runs (core/random.hpp).
constexpr auto kDrawSetting = static_cast<RandomPurpose>(32);
constexpr auto kPerturbSetting = static_cast<RandomPurpose>(33);

constexpr double kRedrawProbability = 0.25;
constexpr double kSmaller = 0.8;
constexpr double kLarger = 1.2;

std::string text_of(const Dimension& dimension, double value) {
  if (dimension.law == SpaceLaw::kInteger) return fmt::format("{}", std::llround(value));
  return fmt::format("{:.6g}", value);
}

std::string value_at(const Dimension& dimension, double u) {
  const double low = dimension.low;
  const double high = dimension.high;
  switch (dimension.law) {
    case SpaceLaw::kUniform:
      return text_of(dimension, low + (high - low) * u);
    case SpaceLaw::kLogUniform:
      return text_of(dimension, low * std::pow(high / low, u));
    case SpaceLaw::kInteger:
      return text_of(dimension, low + std::floor(u * (high - low + 1.0)));
    case SpaceLaw::kChoice:
      break;
  }
  return dimension.values[static_cast<std::size_t>(u * static_cast<double>(dimension.values.size()))];
}

std::string scaled(const Dimension& dimension, const std::string& text, double factor) {
  if (dimension.law == SpaceLaw::kChoice) return text;
  const double before = std::stod(text);
  double after = before * factor;
  if (dimension.law == SpaceLaw::kInteger && std::llround(after) == std::llround(before)) {
    after = before + (factor < 1.0 ? -1.0 : 1.0);
  }
  return text_of(dimension, std::clamp(after, dimension.low, dimension.high));
}

}  // namespace

std::string name_of(SpaceLaw law) {
  switch (law) {
    case SpaceLaw::kUniform:
      return "uniform";
    case SpaceLaw::kLogUniform:
      return "log-uniform";
    case SpaceLaw::kInteger:
      return "int";
    case SpaceLaw::kChoice:
      break;
  }
  return "choice";
}

TrialSetting draw_setting(const SettingSpace& space, std::uint64_t seed, int trial) {
  TrialSetting setting;
  for (std::size_t d = 0; d < space.size(); ++d) {
    Rng rng(seed, kDrawSetting, static_cast<std::uint32_t>(d), static_cast<std::uint64_t>(trial));
    setting.push_back(value_at(space[d], rng.uniform<double>()));
  }
  return setting;
}

TrialSetting perturb_setting(const SettingSpace& space, const TrialSetting& setting, std::uint64_t seed, int trial,
                             int stage) {
  TrialSetting perturbed;
  for (std::size_t d = 0; d < space.size(); ++d) {
    const auto counter = static_cast<std::uint64_t>(stage) << 32 | static_cast<std::uint32_t>(trial);
    Rng rng(seed, kPerturbSetting, static_cast<std::uint32_t>(d), counter);
    const bool redraw = rng.uniform<double>() < kRedrawProbability;
    const double factor = rng.uniform<double>() < 0.5 ? kSmaller : kLarger;
    perturbed.push_back(redraw ? value_at(space[d], rng.uniform<double>()) : scaled(space[d], setting[d], factor));
  }
  return perturbed;
}

std::vector<std::string> setting_words(const SettingSpace& space, const TrialSetting& setting) {
  std::vector<std::string> words;
  for (std::size_t d = 0; d < space.size(); ++d) words.push_back(space[d].option + "=" + setting[d]);
  return words;
}

}  // namespace prl
