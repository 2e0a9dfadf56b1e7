// What the greedy policy of a PendulumDynamicProgram collects under the exact dynamics, and what that says about means
// over few episodes.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <vector>

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/parallel_for.h>

#include "core/random.hpp"
#include "envs/pendulum.hpp"
#include "experiments/pendulum_dynamic_program.hpp"

namespace prl {

struct PendulumRollouts {
  std::vector<double> returns;         // Undiscounted, one an episode.
  std::vector<double> initial_values;  // V_0 of each episode's first state.
};

// Episodes 0 to `episodes` - 1 of this seed, 200 steps each, in double precision. The first states depend on the seed
// alone: those of two programs can be paired.
inline PendulumRollouts roll_out(const PendulumDynamicProgram& program, std::size_t episodes, std::uint64_t seed) {
  using Exact = Pendulum<double>;
  const auto wrapped = [](const Exact::State& state) {
    return PendulumDynamicProgram::State{static_cast<float>(std::remainder(state.theta, 2 * std::numbers::pi)),
                                         static_cast<float>(state.theta_dot)};
  };
  PendulumRollouts rollouts{std::vector<double>(episodes), std::vector<double>(episodes)};
  oneapi::tbb::parallel_for(oneapi::tbb::blocked_range<std::size_t>(0, episodes), [&](const auto& range) {
    std::vector<float> scratch;
    for (std::size_t episode = range.begin(); episode < range.end(); ++episode) {
      Rng rng(seed, RandomPurpose::kEvaluationReset, static_cast<std::uint32_t>(episode), 0);
      Exact::State state;
      Exact::reset(state, rng);
      rollouts.initial_values[episode] = static_cast<double>(program.value(0, wrapped(state)));
      double sum = 0.0;
      for (int t = 0; t < PendulumDynamicProgram::kHorizon; ++t) {
        const double torque = static_cast<double>(program.greedy_torque(t, wrapped(state), scratch));
        sum += Exact::step(state, &torque).reward;
      }
      rollouts.returns[episode] = sum;
    }
  });
  return rollouts;
}

// A mean over independent samples, with its 95% interval.
struct Estimate {
  double mean = 0.0;
  double low = 0.0;
  double high = 0.0;
  double standard_deviation = 0.0;  // Of one sample.
};

// At least two samples; the interval is the normal one, for many of them.
inline Estimate estimate_mean(const std::vector<double>& samples) {
  const auto n = static_cast<double>(samples.size());
  double sum = 0.0;
  for (const double x : samples) sum += x;
  const double mean = sum / n;
  double squares = 0.0;
  for (const double x : samples) squares += (x - mean) * (x - mean);
  const double deviation = std::sqrt(squares / (n - 1.0));
  const double half_width = 1.959964 * deviation / std::sqrt(n);
  return {mean, mean - half_width, mean + half_width, deviation};
}

// How often the mean of `episodes` returns, drawn with replacement, is above `threshold`. One episode: the share itself.
inline double probability_mean_beats(const std::vector<double>& returns, int episodes, double threshold,
                                     std::uint64_t seed) {
  if (episodes == 1) {
    const auto above = std::count_if(returns.begin(), returns.end(), [&](double x) { return x > threshold; });
    return static_cast<double>(above) / static_cast<double>(returns.size());
  }
  constexpr std::uint32_t kDraws = 200'000;
  const auto count = static_cast<std::uint32_t>(returns.size());
  int above = 0;
  for (std::uint32_t draw = 0; draw < kDraws; ++draw) {
    Rng rng(seed, RandomPurpose::kShuffle, draw, static_cast<std::uint64_t>(episodes));
    double sum = 0.0;
    for (int i = 0; i < episodes; ++i) sum += returns[rng.below(count)];
    if (sum > threshold * episodes) ++above;
  }
  return static_cast<double>(above) / kDraws;
}

}  // namespace prl
