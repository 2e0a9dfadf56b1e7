// The run record: one JSON document with everything about a run, so that tables and plots are made from records alone.
// The schema is described in docs/run-record.md; kSchemaVersion changes with its meaning.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "runner/machine.hpp"
#include "runner/run_configuration.hpp"
#include "runner/training_run.hpp"

namespace prl {

inline constexpr int kSchemaVersion = 1;

// Insertion-ordered, so that records read top-down.
using Json = nlohmann::ordered_json;

// Commit, digest of the sources, compiler, flags, libraries.
Json build_json();
Json machine_json(const Machine& machine);
Json configuration_json(const RunConfiguration& configuration);
// All settings of rule and network by name.
Json settings_json(RuleSetting rule, NetworkSpec network);

// What a reader of a run with that many workers should know.
Json warnings_json(bool oversubscribed, int workers, const Machine& machine);

// The whole record of a training run. `command` is the command line as given.
Json record_json(const std::string& command, const RunConfiguration& configuration, const Machine& machine,
                 const TrainingResult& result);

}  // namespace prl
