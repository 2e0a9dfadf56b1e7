#include "runner/tune/successive_halving.hpp"

#include <algorithm>
#include <utility>

namespace prl {

std::vector<long> rung_rounds(long first, long last, int reduction) {
  std::vector<long> rounds;
  for (long r = first; r < last; r *= reduction) {
    rounds.push_back(r);
    if (r > last / reduction) break;
  }
  rounds.push_back(last);
  return rounds;
}

SuccessiveHalving::SuccessiveHalving(const SearchPlan& plan)
    : plan_(plan), rounds_(rung_rounds(plan.first_rounds, plan.rounds, plan.reduction)), rungs_(rounds_.size()) {}

std::optional<int> SuccessiveHalving::promotable(const Rung& rung) const {
  std::vector<std::pair<double, int>> ranked;  // of equals the earlier trial comes first
  for (const auto& [number, objective] : rung.seen) {
    if (objective) ranked.emplace_back(-*objective, number);
  }
  std::sort(ranked.begin(), ranked.end());
  const std::size_t best = std::min(ranked.size(), rung.seen.size() / static_cast<std::size_t>(plan_.reduction));
  for (std::size_t i = 0; i < best; ++i) {
    if (!rung.promoted.contains(ranked[i].second)) return ranked[i].second;
  }
  return std::nullopt;
}

Trial SuccessiveHalving::trial_on(int number, std::size_t rung) const {
  Trial trial{number, static_cast<int>(rung), rounds_[rung], draw_setting(plan_.space, plan_.seed, number)};
  if (rung > 0) trial.after = static_cast<int>(rung) - 1;
  return trial;
}

std::optional<Trial> SuccessiveHalving::next() {
  for (std::size_t above = rungs_.size() - 1; above > 0; --above) {
    Rung& rung = rungs_[above - 1];
    if (const std::optional<int> number = promotable(rung)) {
      rung.promoted.insert(*number);
      return trial_on(*number, above);
    }
  }
  for (int number = 0; number < plan_.trials; ++number) {
    if (begun_.insert(number).second) return trial_on(number, 0);
  }
  return std::nullopt;
}

void SuccessiveHalving::report(const Trial& trial, std::optional<double> objective) {
  rungs_[static_cast<std::size_t>(trial.stage)].seen[trial.number] = objective;
}

void SuccessiveHalving::restore(const Trial& trial, std::optional<double> objective) {
  if (!objective) return;
  begun_.insert(trial.number);
  if (trial.stage > 0) rungs_[static_cast<std::size_t>(trial.stage) - 1].promoted.insert(trial.number);
  report(trial, objective);
}

}  // namespace prl
