#include "runner/split_cells.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "algorithms/autograd_network.hpp"
#include "core/aligned_buffer.hpp"
#include "parallel/agree/compressed_gradients.hpp"
#include "parallel/agree/gradient_board.hpp"
#include "parallel/agree/mpi_library_collective.hpp"
#include "parallel/agree/power_sgd_gradients.hpp"
#include "parallel/agree/share_parameters.hpp"
#include "parallel/agree/shared_gradients.hpp"
#include "parallel/agree/transport_gradients.hpp"
#include "parallel/transport/core_share.hpp"
#include "parallel/transport/mpi_transport.hpp"
#include "parallel/transport/process_group.hpp"
#include "parallel/transport/shared_memory_transport.hpp"
#include "runner/joined_rounds.hpp"
#include "runner/split_rounds.hpp"
#include "runner/starting_parameters.hpp"

namespace prl {
namespace {

// What a process that splits gradients learns in, and how it agrees with the others.
struct SplitLink {
  LearnerStorage storage;
  std::unique_ptr<GradientAgreement> agreement;
};
// Called in each process, worker 0's for the first parameters, too.
using SplitLinkFactory = std::function<SplitLink(int member, std::function<void()> watch)>;

void learn_split_in_linked_processes(const CellParts& parts, const SplitLinkFactory& link_of,
                                     const LearnerMain& learner_main) {
  const RunConfiguration& c = parts.configuration;
  SharedRegion region("the words that end a run", SharedRegion::bytes_for<EndWords>(1));
  EndWords& end = region.make<EndWords>();
  const auto make_rounds = [&](int member, std::function<void()> watch) {
    SplitLink link = link_of(member, std::move(watch));
    return std::make_unique<SplitRounds>(c, parts.layout,
                                         SplitMember{member, make_own_actor(parts, member), std::move(link.storage),
                                                     std::move(link.agreement), &end.stop, &end.left_rounds});
  };
  const auto serve = [&](int member) {
    try {
      const auto rounds = make_rounds(member, [&end] {
        if (end.given_up.load()) throw RunGivenUp{};
      });
      rounds->await_members();
      serve_rounds(c, *rounds, end.stop);
    } catch (const RunGivenUp&) {
      // Worker 0 says why.
    }
  };
  ProcessGroup processes(c.workers, serve, [&end] {
    end.given_up.store(true);
    end.stop.store(true);
  });
  use_one_torch_thread();
  const auto rounds = make_rounds(0, [&processes] { processes.check_alive(); });
  rounds->await_members();
  learner_main(*rounds);
}

// Parameters and gradients lie on a board that all processes share.
void learn_split_on_a_board(const CellParts& parts, const LearnerMain& learner_main) {
  const RunConfiguration& c = parts.configuration;
  GradientBoard board(c.workers, 1, parts.layout.parameter_count);
  const auto link_of = [&](int member, std::function<void()> watch) {
    if (member == 0) start_parameters(c, parts.layout, board.parameters());
    return SplitLink{{board.parameters(), {board.gradient(member, 0)}},
                     std::make_unique<SharedGradients>(board, member, std::move(watch))};
  };
  learn_split_in_linked_processes(parts, link_of, learner_main);
}

// Parameters and gradient of a worker that shares no memory with the others.
struct OwnStorage {
  explicit OwnStorage(std::size_t count) : parameters(count), gradient(count) {}
  LearnerStorage spans() { return {parameters.span(), {gradient.span()}}; }
  AlignedBuffer<float> parameters;
  AlignedBuffer<float> gradient;
};

std::unique_ptr<GradientAgreement> make_encoded_agreement(const CellParts& parts, Transport& transport) {
  const RunConfiguration& c = parts.configuration;
  if (c.codec.kind == CodecKind::kPowerSgd) {
    return std::make_unique<PowerSgdGradients>(transport, parts.layout, c.codec.rank, c.seed);
  }
  const std::size_t count = parts.layout.parameter_count;
  return std::make_unique<CompressedGradients>(transport, count, make_codec(c.codec, count, c.seed, transport.rank()));
}

// Encoded gradients cross as messages, through rings in shared memory.
void learn_split_by_messages(const CellParts& parts, const LearnerMain& learner_main) {
  const RunConfiguration& c = parts.configuration;
  SharedMailboxes mailboxes(c.workers);
  OwnStorage storage(parts.layout.parameter_count);  // each process has its own after the fork
  std::optional<CoreShare> share;
  std::optional<SharedMemoryTransport> transport;
  const auto link_of = [&](int member, std::function<void()> watch) {
    share.emplace(member, c.workers);
    transport.emplace(mailboxes, member, std::move(watch));
    auto agreement = make_encoded_agreement(parts, *transport);
    if (member == 0) start_parameters(c, parts.layout, storage.parameters.span());
    share_parameters(*transport, storage.parameters.span());
    return SplitLink{storage.spans(), std::move(agreement)};
  };
  learn_split_in_linked_processes(parts, link_of, learner_main);
}

std::unique_ptr<GradientCollective> make_collective_of_ranks(AllReduce kind, MpiTransport& transport,
                                                             const NetworkLayout& layout) {
  if (kind != AllReduce::kLibrary) return make_collective(kind, transport, layout.parameter_count);
  return std::make_unique<MpiLibraryCollective>(transport, layout.parameter_count);
}

std::unique_ptr<GradientAgreement> make_agreement_of_ranks(const CellParts& parts, MpiTransport& transport) {
  if (parts.configuration.codec.kind != CodecKind::kNone) return make_encoded_agreement(parts, transport);
  return std::make_unique<TransportGradients>(
      transport, parts.layout.parameter_count, 1,
      make_collective_of_ranks(parts.configuration.all_reduce, transport, parts.layout));
}

}  // namespace

void learn_split_in_processes(const CellParts& parts, const LearnerMain& learner_main) {
  const auto learn =
      parts.configuration.codec.kind == CodecKind::kNone ? learn_split_on_a_board : learn_split_by_messages;
  learn(parts, learner_main);
}

void learn_split_as_rank(const CellParts& parts, MpiSession& session, const LearnerMain& learner_main) {
  const RunConfiguration& c = parts.configuration;
  OwnStorage storage(parts.layout.parameter_count);
  MpiTransport transport(session);
  auto agreement = make_agreement_of_ranks(parts, transport);
  use_one_torch_thread();
  if (session.rank() == 0) start_parameters(c, parts.layout, storage.parameters.span());
  share_parameters(transport, storage.parameters.span());
  SplitRounds rounds(c, parts.layout,
                     {session.rank(), make_own_actor(parts, session.rank()), storage.spans(), std::move(agreement),
                      &session.stop(), &session.left_rounds()});
  if (session.rank() == 0) {
    learner_main(rounds);
  } else {
    serve_rounds(c, rounds, session.stop());
  }
}

}  // namespace prl
