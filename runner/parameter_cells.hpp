// Puts the cells together in which every worker learns by itself and meets the others on parameters.
#pragma once

#include <atomic>
#include <memory>

#include "core/actor.hpp"
#include "parallel/collect/collection_plan.hpp"
#include "parallel/transport/transport.hpp"
#include "runner/cell_assembly.hpp"

namespace prl {

// In threads or forked processes beside the caller, which is worker 0, as the configuration says. Throws WorkerDied,
// std::runtime_error.
void meet_beside_companions(const RunConfiguration& configuration, const NetworkLayout& layout,
                            const ActorFactory& actors, const LearnerMain& learner_main);

// One of the members of `transport`, whose rank 0 runs `learner_main`.
void meet_as_member(const RunConfiguration& configuration, const NetworkLayout& layout, Transport& transport,
                    std::unique_ptr<Actor> actor, std::atomic<bool>& shared_stop, const LearnerMain& learner_main);

}  // namespace prl
