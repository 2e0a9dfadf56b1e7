// Checkpoints of runs. A run in lock-step, or pipelined, that goes on from one ends in the bits of a run that was never
// interrupted. With a central learner, or gradients added up in the order of the shards, it may go on with any number of
// workers, threads or ranks; workers that learn by themselves, or encode their gradients, go on each with its own. A
// free-running run goes on from what its learners had, in new episodes, and promises no bits.
//
// A pipeline is kept as the lag of one round that it equals: the round under way is collected again.
//
// A file is one line "prl-checkpoint-2 HEADER_BYTES DIGEST", a header of JSON (what defines the run's bits, the rounds that
// are done, what was measured until then, the items' names and sizes), then the items' bytes (core/run_state.hpp), in
// order, each without the zeros that it ends with: a replay takes the room of what is in it. DIGEST is of all bytes after
// the line. Numbers are little-endian.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "core/environment_states.hpp"
#include "core/run_state.hpp"
#include "core/segment.hpp"
#include "runner/round_runner.hpp"
#include "runner/run_configuration.hpp"
#include "runner/training_run.hpp"

namespace prl {

// Items that are one thing whoever holds their parts: the parameters that a run evaluates, the environments' states, and
// the returns of their episodes under way.
inline constexpr const char* kKeptParameters = "parameters";
inline constexpr const char* kKeptEnvironments = "environments";
inline constexpr const char* kKeptReturns = "returns under way";

// Adds the states of the segment's environments, which are some of `environments`, where it keeps them.
void add_environments(const SegmentView& segment, int environments, RunState& state);

// Replaces `path`. Throws std::runtime_error.
void save_checkpoint(const std::filesystem::path& path, const RunConfiguration& configuration, const RunStart& reached,
                     RoundRunner& rounds);

// Which of a configuration's files, and so what for: to go on with the run, or for the learner of another.
enum class CheckpointUse { kResume, kLearnerFrom };

class Checkpoint {
 public:
  // Throws UsageError where the file cannot be read, is damaged or of another format, or is of a run whose bits
  // `configuration` does not define. Of a learner that is taken over only rule and environment have to be the same, and a
  // run that takes one over goes on from its own checkpoint with other rule options and another seed if it likes.
  Checkpoint(CheckpointUse use, const RunConfiguration& configuration);

  // What was done and measured until then.
  const RunStart& reached() const { return reached_; }
  // What the run's actors start from.
  std::shared_ptr<const EnvironmentStates> environments() const { return environments_; }
  // Overwrites what the pieces are of. Throws UsageError if the file has no such items.
  void restore(const RunState& state) const;
  // Overwrites the parameters and what the optimiser keeps of its gradients; rounds and episodes stay the run's own.
  // Throws UsageError if they are of another network or optimiser.
  void hand_over_learner(RoundRunner& rounds) const;

 private:
  struct Item {
    std::size_t whole = 0;
    std::string_view stored;  // in content_; zeros follow
  };
  void copy(const RunState::Piece& piece) const;

  std::string source_;  // the option and the file that it names
  std::string content_;
  std::map<std::string, Item> items_;
  RunStart reached_;
  std::shared_ptr<const EnvironmentStates> environments_;
};

// With the checkpoint of --resume read, if there is one. Throws as Checkpoint does.
RunConfiguration going_on(RunConfiguration configuration);

// What a run that goes on had before; of one that begins nothing, no states and no rounds. restore_state() leaves `state`
// as it is then.
RunStart reached_before(const RunConfiguration& configuration);
long rounds_done_before(const RunConfiguration& configuration);
std::shared_ptr<const EnvironmentStates> states_before(const RunConfiguration& configuration);
void restore_state(const RunConfiguration& configuration, const RunState& state);

}  // namespace prl
