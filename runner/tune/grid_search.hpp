// Every combination of the choices once, the last dimension fastest: several models at once, where the choices are of
// rules, environments or seeds.
#pragma once

#include <algorithm>
#include <limits>
#include <set>

#include "runner/tune/search.hpp"

namespace prl {

class GridSearch final : public Search {
 public:
  // The space has choices only. At most plan.trials combinations are run.
  explicit GridSearch(const SearchPlan& plan) : plan_(plan), trials_(std::min(plan.trials, combinations(plan.space))) {}

  static int combinations(const SettingSpace& space) {
    double count = 1.0;
    for (const Dimension& dimension : space) count *= static_cast<double>(dimension.values.size());
    return static_cast<int>(std::min(count, static_cast<double>(std::numeric_limits<int>::max())));
  }

  std::optional<Trial> next() override {
    while (done_before_.contains(next_)) ++next_;
    if (next_ >= trials_) return std::nullopt;
    const int number = next_++;
    return Trial{number, 0, plan_.rounds, setting_of(number)};
  }

  void report(const Trial&, std::optional<double>) override {}

  // A failed one is tried again.
  void restore(const Trial& trial, std::optional<double> objective) override {
    if (objective) done_before_.insert(trial.number);
  }

 private:
  TrialSetting setting_of(int number) const {
    TrialSetting setting(plan_.space.size());
    auto left = static_cast<std::size_t>(number);
    for (std::size_t d = plan_.space.size(); d-- > 0;) {
      const std::vector<std::string>& values = plan_.space[d].values;
      setting[d] = values[left % values.size()];
      left /= values.size();
    }
    return setting;
  }

  SearchPlan plan_;
  int trials_;
  int next_ = 0;
  std::set<int> done_before_;
};

}  // namespace prl
