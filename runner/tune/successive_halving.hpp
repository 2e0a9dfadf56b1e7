// Asynchronous successive halving. Rung k runs a trial for r eta^k rounds, the last one for R. Whenever a worker is free,
// from the highest rung down: if one of the best floor(n_k / eta) of the n_k trials that rung k has seen is not promoted
// yet, the best of these is run on rung k + 1; if there is none on any rung, a new trial is begun on rung 0.
//
// Source: Li et al., "A system for massively parallel hyperparameter tuning" (MLSys 2020), algorithm 2; its s is 0.
// Deviations: the number of trials is bounded, and then a free worker may find nothing to do; a failed trial counts in
// n_k and is never promoted. A rung is the first rounds of a run of R rounds, over which a step size is annealed if it is;
// a promoted trial goes on from where the rung below has left it.
//
// Which trials are promoted depends on the order in which they end, hence on the number of workers.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "runner/tune/search.hpp"

namespace prl {

// Rounds of each rung: r, r eta, r eta^2, ... below R, then R.
std::vector<long> rung_rounds(long first, long last, int reduction);

class SuccessiveHalving final : public Search {
 public:
  explicit SuccessiveHalving(const SearchPlan& plan);

  std::optional<Trial> next() override;
  void report(const Trial& trial, std::optional<double> objective) override;
  // A failed one is tried again.
  void restore(const Trial& trial, std::optional<double> objective) override;

 private:
  struct Rung {
    std::map<int, std::optional<double>> seen;  // trial -> objective
    std::set<int> promoted;
  };

  // The best trial of the rung that is to be promoted; none where there is none.
  std::optional<int> promotable(const Rung& rung) const;
  Trial trial_on(int number, std::size_t rung) const;

  SearchPlan plan_;
  std::vector<long> rounds_;  // by rung
  std::vector<Rung> rungs_;
  std::set<int> begun_;
};

}  // namespace prl
