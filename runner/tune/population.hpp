// Population based training. N members train side by side in generations of some rounds. After each, of the members by
// objective, each of the worst m = max(1, floor(N f)) takes the parameters and the setting of a member drawn from the best
// m ('exploit', truncation selection) and perturbs the setting ('explore', setting_space.hpp); the others go on.
//
// Source: Jaderberg et al., "Population based training of neural networks" (2017), section 3 and appendix A.1.
// Deviations: generations are synchronous, so that the study is the same for any number of workers, and a worker may wait
// for the last members of a generation; the optimiser's averages start anew with each generation, and so do episodes.
// A member that fails is the worst of its generation; all that fail are replaced, also more than m.
#pragma once

#include <map>
#include <vector>

#include "runner/tune/search.hpp"

namespace prl {

class Population final : public Search {
 public:
  explicit Population(const SearchPlan& plan);

  std::optional<Trial> next() override;
  void report(const Trial& trial, std::optional<double> objective) override;
  // A failed one is tried again, unless the study had gone on to the next generation without it.
  void restore(const Trial& trial, std::optional<double> objective) override;

 private:
  struct Member {
    TrialSetting setting;
    std::optional<int> parent;
  };

  // Goes on to the next generation while all members of the current one have been reported.
  void advance();
  std::vector<Member> generation_after(const std::map<int, std::optional<double>>& reported) const;
  int generations() const { return static_cast<int>((plan_.rounds + plan_.first_rounds - 1) / plan_.first_rounds); }

  SearchPlan plan_;
  int generation_ = 0;
  int next_member_ = 0;
  std::vector<Member> members_;
  std::vector<std::map<int, std::optional<double>>> reported_;  // by generation: member -> objective
};

}  // namespace prl
