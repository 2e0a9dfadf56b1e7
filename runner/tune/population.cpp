#include "runner/tune/population.hpp"

#include <algorithm>
#include <limits>

#include "core/random.hpp"

namespace prl {
namespace {

constexpr auto kExploit = static_cast<RandomPurpose>(34);

double value_of(const std::optional<double>& objective) {
  return objective.value_or(-std::numeric_limits<double>::infinity());
}

}  // namespace

Population::Population(const SearchPlan& plan) : plan_(plan), members_(static_cast<std::size_t>(plan.trials)) {}

bool Population::may_go_on(const Member& member) const {
  const auto done = member.stages.size();
  if (member.runs || static_cast<int>(done) >= stages()) return false;
  return !plan_.synchronous ||
         std::all_of(members_.begin(), members_.end(), [done](const Member& m) { return m.stages.size() >= done; });
}

std::optional<Trial> Population::next() {
  std::vector<int> order;  // those that have done least first
  for (int m = 0; m < plan_.trials; ++m) order.push_back(m);
  const auto done = [this](int m) { return members_[static_cast<std::size_t>(m)].stages.size(); };
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return done(a) < done(b); });
  for (const int m : order) {
    Member& member = members_[static_cast<std::size_t>(m)];
    if (!may_go_on(member)) continue;
    const std::optional<Trial> trial = stage_of(m);
    if (!trial) continue;
    member.runs = true;
    return trial;
  }
  return std::nullopt;
}

std::optional<int> Population::last_good_stage(int m, int stage) const {
  const std::vector<Stage>& ended = members_[static_cast<std::size_t>(m)].stages;
  for (int s = std::min(stage, static_cast<int>(ended.size())) - 1; s >= 0; --s) {
    if (ended[static_cast<std::size_t>(s)].objective) return s;
  }
  return std::nullopt;
}

const Population::Stage* Population::compared_stage(int m, int stage) const {
  const std::vector<Stage>& ended = members_[static_cast<std::size_t>(m)].stages;
  if (ended.empty()) return nullptr;
  return plan_.synchronous ? &ended[static_cast<std::size_t>(stage) - 1] : &ended.back();
}

std::vector<int> Population::ranking(int stage) const {
  std::vector<int> ranked;
  for (int m = 0; m < plan_.trials; ++m) {
    if (compared_stage(m, stage) != nullptr) ranked.push_back(m);
  }
  std::stable_sort(ranked.begin(), ranked.end(), [&](int a, int b) {
    return value_of(compared_stage(a, stage)->objective) > value_of(compared_stage(b, stage)->objective);
  });
  return ranked;
}

std::optional<Trial> Population::stage_of(int m) const {
  const std::vector<Stage>& ended = members_[static_cast<std::size_t>(m)].stages;
  const int stage = static_cast<int>(ended.size());
  Trial trial{m, stage, std::min(plan_.rounds, (stage + 1) * plan_.first_rounds)};
  if (stage == 0) {
    trial.setting = draw_setting(plan_.space, plan_.seed, m);
    return trial;
  }
  trial.after = last_good_stage(m, stage);
  const std::vector<int> ranked = ranking(stage);
  const auto compared = static_cast<int>(ranked.size());
  const auto finished = static_cast<int>(std::count_if(
      ranked.begin(), ranked.end(), [&](int other) { return compared_stage(other, stage)->objective.has_value(); }));
  const int share = std::max(1, static_cast<int>(plan_.trials * plan_.truncation));
  const auto rank = static_cast<int>(std::find(ranked.begin(), ranked.end(), m) - ranked.begin());
  const bool failed = !ended.back().objective.has_value();
  const bool worst = compared >= 2 * share && rank >= compared - share;
  if (!failed && !worst) {
    trial.setting = ended.back().setting;
    return trial;
  }
  if (finished == 0) return std::nullopt;
  Rng rng(plan_.seed, kExploit, static_cast<std::uint32_t>(m), static_cast<std::uint64_t>(stage) - 1);
  const int best = ranked[rng.below(static_cast<std::uint32_t>(std::min(share, finished)))];
  const int from = *last_good_stage(best, plan_.synchronous ? stage : stages());
  const TrialSetting& setting = members_[static_cast<std::size_t>(best)].stages[static_cast<std::size_t>(from)].setting;
  trial.parent = {best, from};
  trial.setting = perturb_setting(plan_.space, setting, plan_.seed, m, stage);
  return trial;
}

void Population::report(const Trial& trial, std::optional<double> objective) {
  Member& member = members_[static_cast<std::size_t>(trial.number)];
  member.stages.resize(static_cast<std::size_t>(trial.stage));
  member.stages.push_back({trial.setting, objective});
  member.runs = false;
}

void Population::restore(const Trial& trial, std::optional<double> objective) {
  if (!objective) return;
  if (plan_.synchronous) {
    for (Member& member : members_) {
      if (static_cast<int>(member.stages.size()) < trial.stage)
        member.stages.resize(static_cast<std::size_t>(trial.stage));
    }
  }
  report(trial, objective);
}

}  // namespace prl
