#include "algorithms/optimiser.hpp"

#include <algorithm>

#include "algorithms/gradient_step.hpp"

namespace prl {
namespace {

std::variant<RmsProp, Adam> make_rule(std::size_t parameter_count, const OptimiserSetting& setting,
                                      const SharedParameters* shared) {
  if (setting.kind == OptimiserKind::kRmsProp) return RmsProp(parameter_count, setting.rmsprop, shared);
  return Adam(parameter_count, setting.adam, shared);
}

}  // namespace

std::vector<SettingField> fields_of(OptimiserSetting& s) {
  return {choice_field("optimiser", s.kind, {"rmsprop", "adam"}, "what turns gradients into steps"),
          number_field("learning_rate", s.learning_rate, 0.0, 10.0, "the optimiser's step size"),
          truth_field("anneal_learning_rate", s.anneal_learning_rate, "decrease it linearly to 0 over the run"),
          number_field("max_gradient_norm", s.max_gradient_norm, 0.0, 1e30,
                       "scale gradients down to this norm; 0 leaves them as they are"),
          number_field("rmsprop_decay", s.rmsprop.decay, 0.0, 1.0, "share of RMSProp's mean square that is kept"),
          number_field("rmsprop_epsilon", s.rmsprop.epsilon, 1e-30, 1.0, "RMSProp's epsilon, inside the root"),
          number_field("adam_epsilon", s.adam.epsilon, 1e-30, 1.0, "Adam's epsilon")};
}

Optimiser::Optimiser(std::size_t parameter_count, const OptimiserSetting& setting, long total_rounds,
                     const SharedParameters* shared)
    : setting_(setting),
      total_rounds_(std::max(1L, total_rounds)),
      rounds_(shared),
      rule_(make_rule(parameter_count, setting, shared)) {}

void Optimiser::step(ParameterRange range, std::span<float> parameters, std::span<const float> gradient,
                     double gradient_square_sum) {
  const float scale = clipping_scale(gradient_square_sum, setting_.max_gradient_norm);
  std::visit([&](auto& rule) { rule.step(range, parameters, gradient, scale, learning_rate()); }, rule_);
}

void Optimiser::finish_update() {
  if (Adam* adam = std::get_if<Adam>(&rule_)) adam->finish_update();
}

void Optimiser::add_state(RunState& state) {
  rounds_.add_state(state);
  state.add_value("rounds of all", finished_rounds_);
  std::visit([&state](auto& rule) { rule.add_state(state); }, rule_);
}

void Optimiser::finish_round() { finished_rounds_ = rounds_.finish(); }

float Optimiser::learning_rate() const {
  if (!setting_.anneal_learning_rate) return setting_.learning_rate;
  return annealed_learning_rate(setting_.learning_rate, finished_rounds_, total_rounds_);
}

}  // namespace prl
