// Random search: every trial draws its setting and is run to its end, whatever became of the others.
//
// Source: Bergstra, Bengio, "Random search for hyper-parameter optimization" (JMLR 13, 2012). No deviation.
#pragma once

#include <set>

#include "runner/tune/search.hpp"

namespace prl {

class RandomSearch final : public Search {
 public:
  explicit RandomSearch(const SearchPlan& plan) : plan_(plan) {}

  std::optional<Trial> next() override {
    while (done_before_.contains(next_)) ++next_;
    if (next_ >= plan_.trials) return std::nullopt;
    const int number = next_++;
    return Trial{number, 0, plan_.rounds, draw_setting(plan_.space, plan_.seed, number)};
  }

  void report(const Trial&, std::optional<double>) override {}

  // A failed one is tried again.
  void restore(const Trial& trial, std::optional<double> objective) override {
    if (objective) done_before_.insert(trial.number);
  }

 private:
  SearchPlan plan_;
  int next_ = 0;
  std::set<int> done_before_;
};

}  // namespace prl
