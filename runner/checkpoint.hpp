// Checkpoints of runs with a central learner in lock-step: a run that goes on from one ends in the bits of a run that was
// never interrupted, with any number of workers, threads or ranks.
//
// A file is one line "prl-checkpoint-1 HEADER_BYTES DIGEST", a header of JSON (what defines the run's bits, the rounds that
// are done, what was measured until then, names and sizes of what follows), then the bytes: the environments' states and
// the items of the run's state, in order. DIGEST is of all bytes after the line. Numbers are little-endian.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/environment_states.hpp"
#include "core/run_state.hpp"
#include "runner/round_runner.hpp"
#include "runner/run_configuration.hpp"
#include "runner/training_run.hpp"

namespace prl {

// Replaces `path`. Throws std::runtime_error.
void save_checkpoint(const std::filesystem::path& path, const RunConfiguration& configuration, const RunStart& reached,
                     RoundRunner& rounds);

class Checkpoint {
 public:
  // Throws UsageError where the file cannot be read, is damaged or of another format, or is of a run whose bits
  // `configuration` does not define.
  Checkpoint(const std::filesystem::path& path, const RunConfiguration& configuration);

  // What was done and measured until then.
  const RunStart& reached() const { return reached_; }
  // What the run's actors start from.
  std::shared_ptr<const EnvironmentStates> environments() const { return environments_; }
  // Overwrites the state of a run that has just been made. Throws UsageError if it is not of that form.
  void restore(RoundRunner& rounds) const;

 private:
  struct Item {
    std::string name;
    std::size_t bytes = 0;
  };

  std::filesystem::path path_;
  std::string content_;
  std::size_t first_item_ = 0;  // where the items' bytes begin in content_
  std::vector<Item> items_;
  RunStart reached_;
  std::shared_ptr<const EnvironmentStates> environments_;
};

}  // namespace prl
