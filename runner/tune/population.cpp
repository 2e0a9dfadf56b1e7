#include "runner/tune/population.hpp"

#include <algorithm>
#include <limits>

#include "core/random.hpp"

namespace prl {
namespace {

constexpr auto kExploit = static_cast<RandomPurpose>(34);

}  // namespace

Population::Population(const SearchPlan& plan) : plan_(plan), reported_(static_cast<std::size_t>(generations())) {
  for (int m = 0; m < plan_.trials; ++m) {
    members_.push_back({draw_setting(plan_.space, plan_.seed, m), std::nullopt});
  }
}

std::optional<Trial> Population::next() {
  advance();
  if (generation_ == generations()) return std::nullopt;
  const auto& reported = reported_[static_cast<std::size_t>(generation_)];
  while (next_member_ < plan_.trials && reported.contains(next_member_)) ++next_member_;
  if (next_member_ == plan_.trials) return std::nullopt;
  const Member& member = members_[static_cast<std::size_t>(next_member_)];
  const long done = generation_ * plan_.first_rounds;
  return Trial{next_member_++, generation_, std::min(plan_.first_rounds, plan_.rounds - done), member.setting,
               member.parent};
}

void Population::advance() {
  while (generation_ < generations()) {
    const auto& reported = reported_[static_cast<std::size_t>(generation_)];
    if (static_cast<int>(reported.size()) < plan_.trials) return;
    const bool all_failed =
        std::none_of(reported.begin(), reported.end(), [](const auto& entry) { return entry.second.has_value(); });
    if (all_failed) {
      generation_ = generations();
      return;
    }
    members_ = generation_after(reported);
    ++generation_;
    next_member_ = 0;
  }
}

std::vector<Population::Member> Population::generation_after(
    const std::map<int, std::optional<double>>& reported) const {
  std::vector<int> ranked;  // best first; of equals the lower number
  for (int m = 0; m < plan_.trials; ++m) ranked.push_back(m);
  const auto objective = [&](int m) { return reported.at(m).value_or(-std::numeric_limits<double>::infinity()); };
  std::stable_sort(ranked.begin(), ranked.end(), [&](int a, int b) { return objective(a) > objective(b); });
  const auto finished = static_cast<int>(
      std::count_if(reported.begin(), reported.end(), [](const auto& entry) { return entry.second.has_value(); }));
  const int share = std::max(1, static_cast<int>(plan_.trials * plan_.truncation));
  const int best = std::min(share, finished);
  const int kept = std::min(finished, plan_.trials - share);
  std::vector<Member> members(members_.size());
  for (int rank = 0; rank < plan_.trials; ++rank) {
    const int m = ranked[static_cast<std::size_t>(rank)];
    Member& member = members[static_cast<std::size_t>(m)];
    if (rank < std::max(kept, 1)) {
      member = {members_[static_cast<std::size_t>(m)].setting, m};
      continue;
    }
    Rng rng(plan_.seed, kExploit, static_cast<std::uint32_t>(m), static_cast<std::uint64_t>(generation_));
    const int parent = ranked[rng.below(static_cast<std::uint32_t>(best))];
    member = {perturb_setting(plan_.space, members_[static_cast<std::size_t>(parent)].setting, plan_.seed, m,
                              generation_ + 1),
              parent};
  }
  return members;
}

void Population::report(const Trial& trial, std::optional<double> objective) {
  reported_[static_cast<std::size_t>(trial.stage)][trial.number] = objective;
}

void Population::restore(const Trial& trial, std::optional<double> objective) {
  // The failures of the last generation that was begun are left out, and so are tried again.
  if (objective && trial.stage > 0) {
    auto& before = reported_[static_cast<std::size_t>(trial.stage) - 1];
    for (int m = 0; m < plan_.trials; ++m) before.try_emplace(m, std::nullopt);
  }
  if (objective) report(trial, objective);
}

}  // namespace prl
