// Step sizes of tabular rules, by the number n of visits to the pair (s, a), 1 at the first:
//
//   constant:A    A
//   power:W       1 / n^W
//   vanishing     power:2, whose steps add up to a finite sum: the values stop before they have arrived
//   lingering     power:0.4, whose squares add up to infinity: noise is averaged too slowly to die out
//
// Convergence to Q* with probability 1 needs, for every pair, sum alpha = infinity and sum alpha^2 < infinity
// (Robbins-Monro; Tsitsiklis, "Asynchronous stochastic approximation and Q-learning", Machine Learning 16, 1994,
// assumption 3): power:W with 1/2 < W <= 1. A constant step fulfils the first condition only; values then reach a
// neighbourhood that shrinks with A.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace prl {

enum class RobbinsMonro { kHolds, kFiniteSum, kInfiniteSquares };

class StepSize {
 public:
  // Throws std::invalid_argument for a step outside (0, 1].
  static StepSize constant(double step);
  // Throws std::invalid_argument for a power that is not above 0 and finite.
  static StepSize power(double power);

  double operator()(std::uint32_t visits) const {
    if (power_ == 0.0) return step_;
    return visits < first_.size() ? first_[visits] : at(visits);
  }

  RobbinsMonro robbins_monro() const;

  // What parse_step_size reads back.
  std::string text() const;

 private:
  StepSize(double step, double power);
  double at(std::uint32_t visits) const;

  double step_;
  double power_;
  std::vector<double> first_;  // by visits: a power takes longer than the rest of an update
};

// Reads the above. Throws std::invalid_argument, one line.
StepSize parse_step_size(std::string_view text);

}  // namespace prl
