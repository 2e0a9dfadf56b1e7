// The parameters that a run starts with: drawn from its seed, or those of a policy that was saved before; where it goes on
// from a checkpoint, those.
#pragma once

#include <span>

#include "core/network_layout.hpp"
#include "runner/run_configuration.hpp"

namespace prl {

// Throws UsageError unless the file of --initial-policy, where one is given, can be read and is of the run's environment
// and network.
void check_initial_policy(const RunConfiguration& configuration);

// Writes them to `parameters`, layout.parameter_count floats. Throws as check_initial_policy().
void start_parameters(const RunConfiguration& configuration, const NetworkLayout& layout, std::span<float> parameters);

}  // namespace prl
