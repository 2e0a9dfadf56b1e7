// What environments cost their worker beside their own time: a cost of every step, and one of every reset, as a simulator
// that is started anew or loads another scene has it (core/step_cost.hpp).
#pragma once

#include <atomic>
#include <cstdint>

#include "core/step_cost.hpp"

namespace prl {

// Pays for the environments [first, first + count) of a run, which are stepped together, from their first step on.
class CostPayer {
 public:
  // `reset` is not spread.
  CostPayer(const StepCost& step, const StepCost& reset, std::uint64_t seed, int first, int count)
      : step_(step), reset_(reset), seed_(seed), first_(first), count_(count) {}

  // Steps that are not charged are counted: the next ones have multiples of their own.
  void charge(bool charge) { charge_ = charge; }

  // From now on the multiples are those of that step of the run and the next ones.
  void continue_at(std::uint64_t step) { steps_ = step; }

  // From now on pays for these environments.
  void pay_for(int first, int count) {
    first_ = first;
    count_ = count;
  }

  // After a step of all environments, of which `resets` were reset.
  void pay(int resets, const std::atomic<bool>& stop) {
    if (charge_) {
      pay_step_cost(step_, steps_to_pay(), stop);
      pay_step_cost(reset_, resets, stop);
    }
    ++steps_;
  }

 private:
  double steps_to_pay() const {
    if (step_.spread == StepCost::Spread::kNone) return count_;
    double steps = 0.0;
    for (int i = 0; i < count_; ++i) {
      steps += cost_multiple(step_, seed_, static_cast<std::uint32_t>(first_ + i), steps_);
    }
    return steps;
  }

  StepCost step_;
  StepCost reset_;
  std::uint64_t seed_;
  int first_;
  int count_;
  std::uint64_t steps_ = 0;
  bool charge_ = true;
};

}  // namespace prl
