#include "runner/training_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <stdexcept>

namespace prl {
namespace {

// Evaluations draw from seeds of their own: the same start states at every point of a run's curve, others for the final
// evaluation, so that it is not the set the curve was watched on.
constexpr std::uint64_t kCurveEvaluationSalt = 0x5bd1e995;
constexpr std::uint64_t kFinalEvaluationSalt = 0x9e3779b9;

Evaluation evaluate(const RunConfiguration& c, const NetworkLayout& layout, const EnvironmentEntry& environment,
                    std::span<const float> parameters, int episodes, std::uint64_t salt,
                    const std::atomic<bool>& stop) {
  return {environment.evaluate(layout, parameters.data(), {0, episodes}, c.seed ^ salt, c.evaluation.action, stop)};
}

void take_round(const RoundOutcome& outcome, TrainingResult& result) {
  result.rounds.push_back(outcome.seconds);
  // A run that goes on may have other workers than it began with.
  result.worker_collect_seconds.resize(
      std::max(result.worker_collect_seconds.size(), outcome.worker_collect_seconds.size()), 0.0);
  for (std::size_t w = 0; w < outcome.worker_collect_seconds.size(); ++w) {
    result.worker_collect_seconds[w] += outcome.worker_collect_seconds[w];
  }
  result.episodes += outcome.training_episodes;
  result.environment_steps += outcome.environment_steps;
  for (const long lag : outcome.lags) ++result.lags[lag];
  const bool moved = result.divisions.empty() || result.divisions.back().environments != outcome.worker_environments;
  if (!outcome.worker_environments.empty() && moved) {
    result.divisions.push_back({static_cast<long>(result.rounds.size()), outcome.worker_environments});
  }
}

// What went through the replay since it had counted `before`.
std::optional<ReplayCounts> replay_since(const std::optional<ReplayCounts>& before, const RoundRunner& rounds) {
  std::optional<ReplayCounts> counts = rounds.replay_counts();
  if (!counts) return counts;
  counts->added -= before->added;
  counts->sampled -= before->sampled;
  return counts;
}

// What it had counted before, where `counted` of `now` came since.
ReplayCounts counts_before(const ReplayCounts& now, const ReplayCounts& counted) {
  return {now.added - counted.added, now.sampled - counted.sampled, now.size};
}

long busiest(const std::vector<long>& worker_steps) {
  return *std::max_element(worker_steps.begin(), worker_steps.end());
}

// Throws std::runtime_error once a parameter is infinite or no number, which no later round can mend.
void check_finite(std::span<const float> parameters, long round) {
  if (std::all_of(parameters.begin(), parameters.end(), [](float value) { return std::isfinite(value); })) return;
  throw std::runtime_error(
      fmt::format("parameters are no longer finite after round {}: lower --learning-rate, or limit "
                  "--max-gradient-norm",
                  round));
}

// Workers wait for as many rounds as the run has: they learn that it ends before.
void dismiss_workers(RoundRunner& rounds) {
  const std::atomic<bool> stop{true};
  RoundOutcome outcome;
  rounds.run_round(stop, outcome);
}

}  // namespace

double Evaluation::mean() const {
  return returns.empty() ? 0.0
                         : std::accumulate(returns.begin(), returns.end(), 0.0) / static_cast<double>(returns.size());
}

double Evaluation::standard_error() const {
  const auto count = static_cast<double>(returns.size());
  if (count < 2.0) return 0.0;
  const double centre = mean();
  double squares = 0.0;
  for (const double value : returns) squares += (value - centre) * (value - centre);
  return std::sqrt(squares / (count - 1.0) / count);
}

RoundSeconds TrainingResult::sum() const {
  RoundSeconds sum;
  for (const RoundSeconds& round : rounds) {
    sum.collect += round.collect;
    sum.learn += round.learn;
    sum.overlap += round.overlap;
  }
  return sum;
}

double TrainingResult::steps_per_second() const {
  const double seconds = sum().total();
  return seconds > 0.0 ? static_cast<double>(environment_steps) / seconds : 0.0;
}

TrainingResult run_training(const RunConfiguration& c, const NetworkLayout& layout, const EnvironmentEntry& environment,
                            RoundRunner& rounds, const std::atomic<bool>& stop, const RoundListener& listener,
                            RunStart start) {
  TrainingResult result = std::move(start.so_far);
  const CommunicationLedger communication_before = result.communication;
  const double seconds_before = result.total_seconds;
  const double begin = monotonic_seconds();
  const long all_rounds = c.warmup_rounds + c.rounds_to_run();
  std::optional<ReplayCounts> replay_before = rounds.replay_counts();
  if (start.rounds_done > c.warmup_rounds && result.replay) {
    replay_before = counts_before(*replay_before, *result.replay);
  } else {
    result.replay = replay_before;
  }
  for (long round = start.rounds_done; round < all_rounds; ++round) {
    if (round == c.warmup_rounds || round == start.rounds_done) rounds.reset_communication();
    if (round == c.warmup_rounds) replay_before = rounds.replay_counts();
    rounds.charge_step_cost(c.pays_step_cost(round));
    // Begun after a stop as well: it ends at once, and workers that were in it already learn of the stop.
    RoundOutcome outcome;
    if (!rounds.run_round(stop, outcome)) break;
    check_finite(rounds.parameters(), round + 1);
    const long counted = round - c.warmup_rounds;
    const long steps_before = result.warmup_steps + result.environment_steps;
    if (counted < 0) result.warmup_steps += outcome.environment_steps;
    if (counted >= 0) {
      take_round(outcome, result);
      result.updates += rounds.updates_of_round();
      result.replay = replay_since(replay_before, rounds);
      result.communication = communication_before;
      result.communication.add(rounds.communication());
      CurvePoint point{result.warmup_steps + result.environment_steps,
                       result.sum().total(),
                       outcome.training_episodes,
                       outcome.training_return_sum,
                       busiest(outcome.worker_steps),
                       std::nullopt,
                       outcome.members};
      if (c.evaluates_after(round)) {
        rounds.pause();
        const double evaluation_begin = monotonic_seconds();
        point.evaluation =
            evaluate(c, layout, environment, rounds.parameters(), c.evaluation.episodes, kCurveEvaluationSalt, stop);
        result.evaluate_seconds += monotonic_seconds() - evaluation_begin;
        if (point.evaluation->returns.empty()) point.evaluation.reset();
      }
      result.curve.push_back(std::move(point));
    }
    if (outcome.steps_to_solved && !result.first_episode_above) {
      result.first_episode_above = {steps_before + *outcome.steps_to_solved, result.sum().total()};
    }
    result.total_seconds = seconds_before + monotonic_seconds() - begin;
    listener(round + 1, result);
  }
  result.interrupted = stop.load();
  if (c.evaluation.final_episodes > 0 && !result.interrupted) {
    const double evaluation_begin = monotonic_seconds();
    result.final_evaluation =
        evaluate(c, layout, environment, rounds.parameters(), c.evaluation.final_episodes, kFinalEvaluationSalt, stop);
    result.evaluate_seconds += monotonic_seconds() - evaluation_begin;
    if (result.final_evaluation->returns.empty()) result.final_evaluation.reset();
  }
  result.interrupted = stop.load();
  result.faults = rounds.faults();
  result.parameter_count = rounds.parameters().size();
  result.parameters_digest = digest_of(rounds.parameters());
  result.total_seconds = seconds_before + monotonic_seconds() - begin;
  if (c.rounds_to_run() < c.rounds && !result.interrupted) dismiss_workers(rounds);
  return result;
}

std::string digest_of(std::span<const float> parameters) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const float parameter : parameters) {
    std::uint32_t bits = 0;
    std::memcpy(&bits, &parameter, sizeof bits);
    for (int byte = 0; byte < 4; ++byte) {
      hash ^= (bits >> (8 * byte)) & 0xffU;
      hash *= 0x100000001b3ULL;
    }
  }
  return fmt::format("{:016x}", hash);
}

}  // namespace prl
