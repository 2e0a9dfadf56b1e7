#include "envs/tabular/registry.hpp"

#include <charconv>
#include <optional>
#include <stdexcept>

#include "envs/tabular/cliff_walking.hpp"
#include "envs/tabular/frozen_lake.hpp"
#include "envs/tabular/random_mdp.hpp"
#include "envs/tabular/taxi.hpp"

namespace prl {
namespace {

constexpr long kMaxRandomPairs = 100'000;

// Takes `prefix` and the number after it off the front of `text`.
template <typename Number>
bool take(std::string_view& text, std::string_view prefix, Number& number) {
  if (!text.starts_with(prefix)) return false;
  const char* const first = text.data() + prefix.size();
  const auto [end, error] = std::from_chars(first, text.data() + text.size(), number);
  if (error != std::errc{} || end == first) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

std::optional<RandomMdpSetting> random_setting(std::string_view name) {
  RandomMdpSetting setting;
  if (!take(name, "RandomMdp-S", setting.states) || !take(name, "-A", setting.actions)) return std::nullopt;
  if (!name.empty() && !take(name, "-seed", setting.seed)) return std::nullopt;
  const bool possible = setting.states >= setting.branching && setting.actions >= 1 &&
                        static_cast<long>(setting.states) * setting.actions <= kMaxRandomPairs;
  return name.empty() && possible ? std::optional(setting) : std::nullopt;
}

}  // namespace

const std::vector<TableInfo>& tables() {
  static const std::vector<TableInfo> all = {
      {"FrozenLake-v1", 100},  {"FrozenLake-v1-dry", 100},     {"FrozenLake8x8-v1", 200}, {"FrozenLake8x8-v1-dry", 200},
      {"CliffWalking-v1", 0},  {"CliffWalkingSlippery-v1", 0}, {"Taxi-v4", 200},          {"RandomMdp-S64-A8", 0},
      {"RandomMdp-S64-A16", 0}};
  return all;
}

bool is_table_name(std::string_view name) {
  for (const TableInfo& info : tables()) {
    if (info.name == name) return true;
  }
  return random_setting(name).has_value();
}

int table_time_limit(std::string_view name) {
  for (const TableInfo& info : tables()) {
    if (info.name == name) return info.time_limit;
  }
  return 0;
}

TransitionTable transition_table(std::string_view name) {
  if (name == "FrozenLake-v1") return frozen_lake(FrozenLakeMap::k4x4, true);
  if (name == "FrozenLake-v1-dry") return frozen_lake(FrozenLakeMap::k4x4, false);
  if (name == "FrozenLake8x8-v1") return frozen_lake(FrozenLakeMap::k8x8, true);
  if (name == "FrozenLake8x8-v1-dry") return frozen_lake(FrozenLakeMap::k8x8, false);
  if (name == "CliffWalking-v1") return cliff_walking(false);
  if (name == "CliffWalkingSlippery-v1") return cliff_walking(true);
  if (name == "Taxi-v4") return taxi();
  if (const auto setting = random_setting(name)) return random_mdp(*setting);
  std::string names;
  for (const TableInfo& info : tables()) names += (names.empty() ? "" : ", ") + info.name;
  throw std::invalid_argument("no table is called '" + std::string(name) + "'; expected one of " + names +
                              "; random ones are RandomMdp-S<states>-A<actions>[-seed<n>] of 4 or more states and at "
                              "most 100000 pairs");
}

}  // namespace prl
