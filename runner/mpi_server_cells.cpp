#include "runner/mpi_server_cells.hpp"

#include <optional>

#include "algorithms/autograd_network.hpp"
#include "core/aligned_buffer.hpp"
#include "parallel/agree/mpi_parameter_server.hpp"
#include "parallel/agree/share_parameters.hpp"
#include "parallel/schedule/mpi_segment_desk.hpp"
#include "parallel/transport/mpi_transport.hpp"
#include "runner/free_learner_plan.hpp"
#include "runner/mpi_server_rounds.hpp"
#include "runner/starting_parameters.hpp"

namespace prl {
namespace {

// Calls until all workers have left.
void serve(const CellParts& parts, const MpiSession& session, const MpiServerRanks& ranks,
           std::span<float> parameters) {
  const RunConfiguration& c = parts.configuration;
  AlignedBuffer<float> gradient(merges_parameters(c) ? 0 : ranks.parameter_count);
  std::unique_ptr<Learner> stepped;
  if (!merges_parameters(c)) {
    stepped = make_learner(c.rule, parts.layout, plan_of_segments(c), {parameters, {gradient.span()}});
  }
  MpiParameterServer server(session, ranks, parameters, c.merge_rate_or_mean(), stepped.get());
  std::optional<MpiSegmentDesk> desk;
  if (session.rank() == ranks.rank_of(0)) desk.emplace(session, ranks);
  while (!server.all_left() || (desk && !desk->ended())) {
    session.waiting().until([&] {
      const bool handed_out = desk && desk->poll();
      return server.poll() || handed_out;
    });
  }
}

}  // namespace

void learn_at_ranks_that_serve(const CellParts& parts, MpiSession& session, const LearnerMain& learner_main) {
  const RunConfiguration& c = parts.configuration;
  const MpiServerRanks ranks{c.workers, c.server_shards, parts.layout.parameter_count};
  use_one_torch_thread();
  AlignedBuffer<float> parameters(parts.layout.parameter_count);
  if (session.rank() == 0) start_parameters(c, parts.layout, parameters.span());
  MpiTransport transport(session);
  share_parameters(transport, parameters.span());
  if (session.rank() >= c.workers) return serve(parts, session, ranks, parameters.span());
  std::unique_ptr<Actor> actor = make_own_actor(parts, session.rank());
  if (session.rank() == 0) {
    MpiServerRounds rounds(c, parts.layout, session, ranks, std::move(actor), parameters.span());
    learner_main(rounds);
    rounds.leave();
  } else {
    MpiServedWorker member(c, parts.layout, session, ranks, std::move(actor), parameters.span());
    serve_segments(member.segments(), member.worker(), member.actor(), session.stop());
    member.servers().leave();
  }
}

}  // namespace prl
