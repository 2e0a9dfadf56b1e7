#include "runner/starting_parameters.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "algorithms/initialisation.hpp"
#include "runner/checkpoint.hpp"
#include "runner/policy_file.hpp"

namespace prl {
namespace {

bool same_network(const NetworkSpec& a, const NetworkSpec& b) {
  return a.observation_size == b.observation_size && a.head_size == b.head_size && a.action_kind == b.action_kind &&
         a.hidden == b.hidden && a.shared_trunk == b.shared_trunk && a.activation == b.activation;
}

Policy initial_policy(const RunConfiguration& c) {
  Policy policy = load_policy(c.initial_policy);
  if (policy.environment != c.environment || policy.action_values == samples_actions(c) ||
      !same_network(policy.network, c.network)) {
    throw UsageError(
        fmt::format("--initial-policy {}: it is of another environment, kind of policy or network than this run; give "
                    "one with the same --env, --hidden, --activation and --trunk, by a rule of the same kind",
                    c.initial_policy));
  }
  return policy;
}

}  // namespace

void check_initial_policy(const RunConfiguration& c) {
  if (!c.initial_policy.empty()) initial_policy(c);
}

void start_parameters(const RunConfiguration& c, const NetworkLayout& layout, std::span<float> parameters) {
  if (c.checkpoint.resumed != nullptr) {
    RunState state;
    state.add(kKeptParameters, parameters);
    return restore_state(c, state);
  }
  if (c.initial_policy.empty()) return initialise_parameters(layout, c.seed, parameters);
  const Policy policy = initial_policy(c);
  std::copy(policy.parameters.begin(), policy.parameters.end(), parameters.begin());
}

}  // namespace prl
