#include "envs/tabular/random_mdp.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace prl {
namespace {

// Floyd's way of drawing without replacement: one number an element, none rejected.
std::vector<int> different_states(int count, int states, Rng& rng) {
  std::vector<int> chosen;
  for (int last = states - count; last < states; ++last) {
    const int drawn = static_cast<int>(rng.below(static_cast<std::uint32_t>(last) + 1));
    const bool taken = std::find(chosen.begin(), chosen.end(), drawn) != chosen.end();
    chosen.push_back(taken ? last : drawn);
  }
  return chosen;
}

std::vector<TableOutcome> outcomes(const RandomMdpSetting& setting, Rng& rng) {
  std::vector<double> cuts = {0.0, 1.0};
  for (int cut = 1; cut < setting.branching; ++cut) cuts.push_back(rng.uniform<double>());
  std::sort(cuts.begin(), cuts.end());
  std::vector<TableOutcome> drawn;
  for (const int next : different_states(setting.branching, setting.states, rng)) {
    const std::size_t part = drawn.size();
    drawn.push_back({cuts[part + 1] - cuts[part], next, rng.uniform<double>(), false});
  }
  return drawn;
}

}  // namespace

TransitionTable random_mdp(const RandomMdpSetting& setting) {
  if (setting.branching < 1 || setting.branching > setting.states) {
    throw std::invalid_argument("a random table with " + std::to_string(setting.branching) + " next states of " +
                                std::to_string(setting.states) + ": give a branching between 1 and the states");
  }
  const auto outcomes_of = [&](int state, int action) {
    Rng rng(setting.seed, RandomPurpose::kTable, static_cast<std::uint32_t>(action), static_cast<std::uint64_t>(state));
    return outcomes(setting, rng);
  };
  const auto states = static_cast<std::size_t>(setting.states);
  return {setting.states, setting.actions, outcomes_of,
          std::vector<double>(states, 1.0 / static_cast<double>(setting.states))};
}

}  // namespace prl
