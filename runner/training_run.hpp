// The loop of a training run on worker 0: warm-up rounds, counted rounds, evaluations, what was measured.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "envs/registry.hpp"
#include "runner/round_runner.hpp"
#include "runner/run_configuration.hpp"

namespace prl {

struct Evaluation {
  std::vector<double> returns;
  double mean() const;
  double standard_error() const;  // of the mean; 0 for fewer than two episodes
};

// One counted round on the learning curve.
struct CurvePoint {
  long steps = 0;        // environment steps so far, all environments together, warm-up included
  double seconds = 0.0;  // of counted rounds so far, evaluation excluded
  long training_episodes = 0;
  double training_return_sum = 0.0;
  long busiest_worker_steps = 0;  // in this round, of the worker that took most
  std::optional<Evaluation> evaluation;
  std::optional<MemberAverage> members;  // where workers hold different parameters: how far they were apart
};

// When a training episode first had a return above the one that was asked for.
struct FirstEpisodeAbove {
  long steps = 0;        // environment steps so far, warm-up included
  double seconds = 0.0;  // of counted rounds, its own included
};

// How many environments each worker had from a counted round on, where they move.
struct Division {
  long round = 0;  // from 1
  std::vector<int> environments;
};

struct TrainingResult {
  std::vector<RoundSeconds> rounds;            // counted rounds, raw
  std::vector<double> worker_collect_seconds;  // sums over counted rounds
  CommunicationLedger communication;           // counted rounds
  std::vector<CurvePoint> curve;
  std::optional<Evaluation> final_evaluation;
  double evaluate_seconds = 0.0;
  double start_up_seconds = 0.0;
  double total_seconds = 0.0;
  long warmup_steps = 0;       // environment steps of warm-up rounds
  long environment_steps = 0;  // of counted rounds
  long updates = 0;
  long episodes = 0;
  std::map<long, long> lags;        // segments by lag
  std::vector<Division> divisions;  // the first, and those that differ from the one before
  std::optional<FirstEpisodeAbove> first_episode_above;
  std::optional<ReplayCounts> replay;  // of counted rounds; its size at their end
  std::optional<FaultCounts> faults;   // of a run that goes on without workers that die
  std::size_t parameter_count = 0;
  std::string parameters_digest;
  bool interrupted = false;

  RoundSeconds sum() const;
  // Steps of counted rounds by their seconds; 0 before the first.
  double steps_per_second() const;
};

// Where a run begins: at its first round, or after those that another process did and measured.
struct RunStart {
  long rounds_done = 0;  // warm-up rounds included
  TrainingResult so_far;
};

// Called after every round with what is known so far; `rounds_done` counts warm-up rounds too.
using RoundListener = std::function<void(long rounds_done, const TrainingResult& so_far)>;

// Runs all rounds, or as many as finish before `stop` is set; what was measured until then is kept. Throws
// std::runtime_error once parameters are no longer finite.
TrainingResult run_training(const RunConfiguration& configuration, const NetworkLayout& layout,
                            const EnvironmentEntry& environment, RoundRunner& rounds, const std::atomic<bool>& stop,
                            const RoundListener& listener, RunStart start = {});

// Hexadecimal digest (64 bits, FNV-1a) of the parameters' bytes: equal digests, equal bits.
std::string digest_of(std::span<const float> parameters);

}  // namespace prl
