// The gradient step of a rule that leaves the choice of the optimiser open: RMSProp or Adam, with clipping by the global
// norm and annealing (gradient_step.hpp).
#pragma once

#include <span>
#include <variant>
#include <vector>

#include "algorithms/adam.hpp"
#include "algorithms/gradient_step.hpp"
#include "algorithms/rmsprop.hpp"
#include "algorithms/setting_field.hpp"

namespace prl {

enum class OptimiserKind { kRmsProp, kAdam };

struct OptimiserSetting {
  OptimiserKind kind = OptimiserKind::kRmsProp;
  float learning_rate = 7e-4F;
  bool anneal_learning_rate = false;  // linearly to 0 over all rounds
  float max_gradient_norm = 0.5F;     // 0: no clipping
  RmsPropSetting rmsprop;
  AdamSetting adam;
};

std::vector<SettingField> fields_of(OptimiserSetting& setting);

class Optimiser {
 public:
  // Steps `shared` in place of parameters that it is given, and anneals by the rounds of all learners; null for the latter.
  Optimiser(std::size_t parameter_count, const OptimiserSetting& setting, long total_rounds,
            const SharedParameters* shared = nullptr);

  // As Learner::apply_gradient(), finish_update() and finish_round() want it.
  void step(ParameterRange range, std::span<float> parameters, std::span<const float> gradient,
            double gradient_square_sum);
  void finish_update();
  void finish_round();

  void add_state(RunState& state);

 private:
  float learning_rate() const;

  OptimiserSetting setting_;
  long total_rounds_;
  RoundCount rounds_;
  long finished_rounds_ = 0;  // of all learners, when this one last finished one
  std::variant<RmsProp, Adam> rule_;
};

}  // namespace prl
