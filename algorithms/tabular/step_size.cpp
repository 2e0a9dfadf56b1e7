#include "algorithms/tabular/step_size.hpp"

#include <cmath>
#include <stdexcept>

#include "algorithms/tabular/number_list.hpp"

namespace prl {
namespace {

constexpr std::uint32_t kKept = 4096;

constexpr std::string_view kExpected =
    "; expected constant:A with A in (0, 1], power:W with W above 0, vanishing (power:2) or lingering (power:0.4)";

}  // namespace

StepSize::StepSize(double step, double power) : step_(step), power_(power) {
  if (power == 0.0) return;
  first_.resize(kKept);
  for (std::uint32_t visits = 1; visits < kKept; ++visits) first_[visits] = at(visits);
}

StepSize StepSize::constant(double step) {
  if (!(step > 0.0 && step <= 1.0)) {
    throw std::invalid_argument("step size " + shortest_text(step) + std::string(kExpected));
  }
  return {step, 0.0};
}

StepSize StepSize::power(double power) {
  if (!(power > 0.0 && std::isfinite(power))) {
    throw std::invalid_argument("step size 1/n^" + shortest_text(power) + std::string(kExpected));
  }
  return {1.0, power};
}

double StepSize::at(std::uint32_t visits) const { return std::pow(static_cast<double>(visits), -power_); }

RobbinsMonro StepSize::robbins_monro() const {
  if (power_ > 1.0) return RobbinsMonro::kFiniteSum;
  return power_ > 0.5 ? RobbinsMonro::kHolds : RobbinsMonro::kInfiniteSquares;
}

std::string StepSize::text() const {
  return power_ == 0.0 ? "constant:" + shortest_text(step_) : "power:" + shortest_text(power_);
}

StepSize parse_step_size(std::string_view text) {
  if (text == "vanishing") return StepSize::power(2.0);
  if (text == "lingering") return StepSize::power(0.4);
  for (const std::string_view kind : {"constant", "power"}) {
    const auto numbers = numbers_after(text, kind);
    if (numbers.size() == 1) {
      return kind == "constant" ? StepSize::constant(numbers[0]) : StepSize::power(numbers[0]);
    }
  }
  throw std::invalid_argument("step size '" + std::string(text) + "'" + std::string(kExpected));
}

}  // namespace prl
