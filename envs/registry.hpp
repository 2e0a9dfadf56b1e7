// The environments by name: what each looks like, and how to make its workers.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/actor.hpp"
#include "core/episode_actor.hpp"
#include "core/policy_evaluation.hpp"
#include "core/rollout_actor.hpp"

namespace prl {

struct EnvironmentInfo {
  std::string_view name;
  int observation_size = 0;
  int head_size = 0;  // action dimensions, or number of discrete actions
  bool discrete = false;
  int time_limit = 0;
  std::string_view autoreset;
  int state_bytes = 0;         // of one environment (VectorEnv::kKeptBytes)
  double solved_return = 0.0;  // the mean return that counts as solved: Gymnasium's, or the documents' for Pendulum-v1
};

class EnvironmentEntry {
 public:
  virtual ~EnvironmentEntry() = default;
  virtual EnvironmentInfo info() const = 0;
  virtual ActorFactory actors(const ActorSetting& setting) const = 0;
  virtual EnvironmentBatchFactory batches(const ActorSetting& setting) const = 0;
  // core/policy_evaluation.hpp
  virtual std::vector<double> evaluate(const NetworkLayout& layout, const float* parameters, EpisodeRange episodes,
                                       std::uint64_t seed, EvaluationAction mode,
                                       const std::atomic<bool>& stop) const = 0;
};

// All environments, in the order in which they are listed.
const std::vector<const EnvironmentEntry*>& environments();

// The environment of that name; null if there is none.
const EnvironmentEntry* find_environment(std::string_view name);

}  // namespace prl
