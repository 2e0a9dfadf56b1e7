#include "algorithms/tabular/epsilon_schedule.hpp"

#include <stdexcept>

#include "algorithms/tabular/number_list.hpp"

namespace prl {
namespace {

bool is_probability(double value) { return value >= 0.0 && value <= 1.0; }

}  // namespace

EpsilonSchedule parse_epsilon(std::string_view text) {
  if (const auto numbers = numbers_after(text, "constant"); numbers.size() == 1 && is_probability(numbers[0])) {
    return {numbers[0], numbers[0], 1.0};
  }
  if (const auto numbers = numbers_after(text, "linear");
      numbers.size() == 3 && is_probability(numbers[0]) && is_probability(numbers[1]) && numbers[2] >= 1.0) {
    return {numbers[0], numbers[1], numbers[2]};
  }
  throw std::invalid_argument("epsilon '" + std::string(text) +
                              "'; expected constant:E or linear:A:B:STEPS with E, A, B in [0, 1] and STEPS at least 1");
}

std::string to_string(const EpsilonSchedule& schedule) {
  if (schedule.from == schedule.to) return "constant:" + shortest_text(schedule.from);
  return "linear:" + shortest_text(schedule.from) + ":" + shortest_text(schedule.to) + ":" +
         shortest_text(schedule.steps);
}

}  // namespace prl
