// Population based training. N members train in stages of some rounds. A member that has ended one goes on at once: if it
// is among the worst m = max(1, floor(N f)) of those that have ended a stage by then, by what each came to last, it takes
// the parameters, the optimiser's averages and the setting of one drawn from the best m ('exploit', truncation selection)
// and perturbs the setting ('explore', setting_space.hpp); otherwise it goes on with its own. Nobody is replaced before
// 2 m have ended a stage.
//
// Source: Jaderberg et al., "Population based training of neural networks" (2017), algorithm 1, section 3.1 and appendix
// A.1. Deviations: with fewer workers than members, the member that has done least goes on first. A member whose run fails
// is replaced as the worst are; its next stage makes up for the rounds.
//
// `synchronous` members wait until all have ended the stage, and are compared by it: what a study comes to is then the same
// for any number of workers.
#pragma once

#include <vector>

#include "runner/tune/search.hpp"

namespace prl {

class Population final : public Search {
 public:
  explicit Population(const SearchPlan& plan);

  std::optional<Trial> next() override;
  void report(const Trial& trial, std::optional<double> objective) override;
  // A failed one is tried again, unless the member, or its generation, had gone on without it.
  void restore(const Trial& trial, std::optional<double> objective) override;

 private:
  struct Stage {
    TrialSetting setting;
    std::optional<double> objective;  // none: it failed
  };
  struct Member {
    std::vector<Stage> stages;  // that have ended
    bool runs = false;
  };

  int stages() const { return static_cast<int>((plan_.rounds + plan_.first_rounds - 1) / plan_.first_rounds); }
  bool may_go_on(const Member& member) const;
  // Of member `m`, the last stage that it ended well before `stage`; none if there is none.
  std::optional<int> last_good_stage(int m, int stage) const;
  // The stage that member `m` is compared by when one goes on to `stage`; none if it has ended none.
  const Stage* compared_stage(int m, int stage) const;
  // Members that can be compared when one goes on to `stage`, best first; of equals the lower number.
  std::vector<int> ranking(int stage) const;
  // The next stage of member `m`; none if it has failed and there is nobody yet to take over from.
  std::optional<Trial> stage_of(int m) const;

  SearchPlan plan_;
  std::vector<Member> members_;
};

}  // namespace prl
