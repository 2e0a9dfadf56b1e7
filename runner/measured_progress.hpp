// What a run has measured so far, as JSON that gives the same numbers back: for runs that go on from a checkpoint.
#pragma once

#include "runner/run_record.hpp"
#include "runner/training_run.hpp"

namespace prl {

// Of whole rounds; what is known only at a run's end is left out.
Json progress_json(const TrainingResult& result);

// Throws nlohmann::json::exception.
TrainingResult progress_from(const Json& json);

}  // namespace prl
