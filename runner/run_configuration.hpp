// Everything that defines a training run, after presets and options were put together.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "algorithms/rules.hpp"
#include "core/network_layout.hpp"
#include "core/policy_evaluation.hpp"
#include "core/segment.hpp"
#include "core/step_cost.hpp"
#include "parallel/agree/gossip/gossip_graph.hpp"
#include "parallel/agree/gradient_collective.hpp"
#include "parallel/agree/hogwild_parameters.hpp"
#include "parallel/transport/codec/codec_setting.hpp"

namespace prl {

class Checkpoint;

// Where the acting half runs.
enum class CollectMode { kSerial, kThreads, kProcesses, kMpi };
// Where the policy is evaluated while collecting: in the workers, or at the learner with a message each step.
enum class InferencePlace { kWorkers, kLearner };
// How several holders of gradients become one learner: there is but one; they sum their gradients; each steps parameters
// that all of them share, without locks; each learns by itself and meets the others at a parameter server, or those that
// a graph connects it with.
enum class Agreement { kNone, kAllReduce, kHogwild, kServer, kGossip };
// Whether environments stay with their workers or move to faster ones between rounds.
enum class Balance { kNone, kSpeed };
// Whether actors and learner wait for each other every round, work beside each other on two rounds, or run beside each
// other with queues between.
enum class Schedule { kLockStep, kPipelined, kFreeRunning };

// What free-running workers send to a parameter server.
enum class ServerTakes { kParameters, kGradients };

struct EvaluationSetting {
  int every_rounds = 0;  // 0: no evaluations during training
  int episodes = 32;
  int final_episodes = 0;
  EvaluationAction action = EvaluationAction::kMean;
};

// Where and how often a run is kept, from where it goes on and where it stops. Does not change the run, but for what it
// takes over of another.
struct CheckpointSetting {
  std::filesystem::path file;          // empty: none is written
  int every_rounds = 0;                // 0: none is written
  std::filesystem::path resume;        // empty: from the start
  std::filesystem::path learner_from;  // of another run, whose parameters and averages this one takes over; empty: none
  long stop_after = 0;                 // counted rounds; 0: the run is not cut short
  long stop_after_all = 0;             // the same with warm-up rounds
  // What `resume` holds, once it has been read; null: from the start.
  std::shared_ptr<const Checkpoint> resumed;

  // `rounds_done` are those of the whole run, warm-up rounds included.
  bool due_after(long rounds_done) const {
    return every_rounds > 0 && (rounds_done % every_rounds == 0 || rounds_done == stop_after_all);
  }
};

// Actors that are MPI jobs of their own, which the learner starts, and starts again when they die.
struct SpawnSetting {
  bool actors = false;               // false: they are the launcher's ranks
  std::vector<std::string> command;  // that starts one; `place_word` stands for its place
  std::string place;                 // of this process, where a learner has started it; empty: it is the run's own

  static constexpr const char* place_word = "PLACE";
};

struct RunConfiguration {
  std::string environment = "Pendulum-v1";
  std::string preset;
  CollectMode collect = CollectMode::kSerial;
  int workers = 1;
  InferencePlace inference = InferencePlace::kWorkers;
  Agreement agreement = Agreement::kNone;
  AllReduce all_reduce = AllReduce::kDirect;     // of MPI ranks
  int agree_every = 1;                           // rounds between meetings on parameters
  GossipTopology graph = GossipTopology::kRing;  // of a gossip
  int server_shards = 1;                         // that serve a range of the parameters each (serving_ranks())
  ServerTakes server_takes = ServerTakes::kParameters;
  // How far a free-running worker takes the server's parameters towards its own; empty: as far as a mean of all would.
  std::optional<double> merge_rate;
  bool refresh_after_merge = true;  // false: it goes on from its own
  CodecSetting codec;               // of gradients that cross as messages
  Schedule schedule = Schedule::kLockStep;
  SpawnSetting spawn;
  int queue_depth = 1;                                // segments that an actor may be ahead, free-running
  int lag = 0;                                        // rounds by which the acting parameters are behind, lock-step
  bool publish_weights = true;                        // false: the actors keep the first parameters
  AverageSharing averages = AverageSharing::kShared;  // of optimisers, where parameters are shared without locks
  int threads_per_worker = 1;                         // that divide a worker's environments
  int learner_threads = 1;
  int shards = 1;
  int environments = 16;
  long rounds = 1;
  int steps_per_round = 2048;  // of whole episodes: the most that they can take
  int warmup_rounds = 0;
  std::uint64_t seed = 1;
  std::string initial_policy;  // file of the parameters to start with; empty: drawn from the seed
  StepCost step_cost;
  StepCost reset_cost;
  int slow_worker = -1;  // pays slow_factor times the costs; -1: none does
  double slow_factor = 1.0;
  int grain = 0;  // environments that a thread takes at a time; 0: a range of its own
  Balance balance = Balance::kNone;
  std::optional<double> cut_stragglers;  // share of the workers after which the others' rounds are cut; empty: none is
  std::vector<int> cost_rounds;          // counted rounds, from 1, that pay the step cost; none named: all of them
  std::optional<double> solved_return;   // what the first episode is looked for that exceeds it
  NetworkSpec network;
  RuleSetting rule;
  EvaluationSetting evaluation;
  CheckpointSetting checkpoint;

  std::string_view algorithm() const { return name_of(rule); }
  int steps_per_environment() const { return steps_per_round / environments; }
  // What is learned from at a time: a round, or one worker's part of it where workers run freely or learn by themselves.
  int steps_per_segment() const { return learns_from_parts() ? steps_per_round / workers : steps_per_round; }
  bool learns_from_parts() const { return free_running() || meets_on_parameters(); }
  // Whole episodes a round, all environments together; 0 for rules whose rounds are a fixed number of steps.
  int episodes_per_round() const { return needs_of(rule).episodes; }
  long steps() const { return rounds * steps_per_round; }
  // Counted rounds after which the run ends.
  long rounds_to_run() const { return checkpoint.stop_after > 0 ? checkpoint.stop_after : rounds; }
  // Whether every worker learns by itself, and what they agree on are parameters.
  bool meets_on_parameters() const { return agreement == Agreement::kServer || gossips(); }
  // Whether workers hold different parameters after a meeting: what is evaluated is then the average of all.
  bool gossips() const { return agreement == Agreement::kGossip; }
  double merge_rate_or_mean() const { return merge_rate.value_or(1.0 / workers); }
  bool free_running() const { return schedule == Schedule::kFreeRunning; }
  bool pipelined() const { return schedule == Schedule::kPipelined; }
  bool central_learner_runs_free() const { return free_running() && agreement == Agreement::kNone; }
  // Whether a central learner works beside all workers.
  bool learner_beside_workers() const { return pipelined() || central_learner_runs_free(); }
  // Of an MPI job: one a worker, and those that serve parameters, or the learner's where it works beside workers that run
  // freely; the learner's alone where it starts the workers itself.
  int ranks() const { return spawn.actors ? 1 : workers + serving_ranks() + (central_learner_runs_free() ? 1 : 0); }
  // Ranks of an MPI job that serve parameters and do nothing else; in lock-step workers serve beside their own work.
  int serving_ranks() const {
    return collect == CollectMode::kMpi && free_running() && agreement == Agreement::kServer ? server_shards : 0;
  }
  // `round` counts from 0, warm-up rounds included.
  bool pays_step_cost(long round) const;
  // Whether there is an evaluation on the curve after `round`, counted likewise.
  bool evaluates_after(long round) const;
  // Workers of the run that do work at the same time: they, not the waiting ones, need a core each.
  bool oversubscribed(int usable_cores) const;
};

// The blocks of the run's rounds: what its rule needs recorded of its environments.
SegmentLayout segment_layout(const RunConfiguration& configuration);

// Whether the rule's policy is a distribution that actions are drawn from; else it is action values.
bool samples_actions(const RunConfiguration& configuration);

// What a user asked for is unknown, impossible or out of range. what() is one line: what was wrong, what was expected and
// what to do. Exit status 2.
class UsageError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Checks ranges and the combination; throws UsageError.
void validate(const RunConfiguration& configuration);

std::string name_of(CollectMode mode);
std::string name_of(InferencePlace place);
std::string name_of(Agreement agreement);
std::string name_of(AllReduce all_reduce);
std::string name_of(ServerTakes takes);
std::string name_of(Schedule schedule);
std::string name_of(AverageSharing averages);
std::string name_of(Balance balance);

}  // namespace prl
