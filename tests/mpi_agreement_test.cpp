// Ranks that join gradients by MPI messages end with the serial parameters' bits, and move 2 S (P - 1) bytes; each keeps to
// its own cores.
#include <sched.h>

#include <memory>
#include <vector>

#include "parallel/agree/compressed_gradients.hpp"
#include "parallel/agree/mpi_library_collective.hpp"
#include "parallel/agree/transport_gradients.hpp"
#include "parallel/transport/core_share.hpp"
#include "parallel/transport/mpi_transport.hpp"
#include "tests/encoded_by_hand.hpp"
#include "tests/late_peer.hpp"
#include "tests/mpi_check.hpp"
#include "tests/parallel_fake_learner.hpp"
#include "tests/relative_distance.hpp"

using namespace prl;
using namespace prl::test;

namespace {

std::uint64_t sum_over_ranks(MpiSession& session, std::uint64_t value) {
  check_mpi(MPI_Allreduce(MPI_IN_PLACE, &value, 1, MPI_UINT64_T, MPI_SUM, session.communicator()), "add counts");
  return value;
}

void parameters_equal_serial(MpiSession& session, MpiCheck& check, std::size_t count) {
  constexpr int kUpdates = 5;
  MpiTransport transport(session);
  TransportGradients agreement(transport, count);
  const std::vector<float> parameters = learn_as_member(session.rank(), session.size(), agreement, count, kUpdates);
  check(parameters == joined_by_hand(count, session.size(), kUpdates), "parameters are the serial ones");
  const auto others = static_cast<std::uint64_t>(session.size() - 1);
  check(sum_over_ranks(session, transport.ledger().of(Purpose::kGradients).bytes) == kUpdates * 2 * 4 * count * others,
        "gradients move 2 S (P - 1) bytes");
  check(sum_over_ranks(session, transport.ledger().of(Purpose::kControl).bytes) == kUpdates * 8 * (others + 1) * others,
        "square sums move 8 P (P - 1) bytes");
}

// The MPI library adds in an order of its own.
void library_agrees_within_rounding(MpiSession& session, MpiCheck& check, std::size_t count) {
  constexpr int kUpdates = 5;
  MpiTransport transport(session);
  TransportGradients agreement(transport, count, 1, std::make_unique<MpiLibraryCollective>(transport, count));
  const std::vector<float> parameters = learn_as_member(session.rank(), session.size(), agreement, count, kUpdates);
  check(relative_distance(parameters, joined_by_hand(count, session.size(), kUpdates)) < 1e-5,
        "the MPI library's sum is the serial one within rounding");
  std::vector<float> of_first = parameters;
  check_mpi(MPI_Bcast(of_first.data(), static_cast<int>(count), MPI_FLOAT, 0, session.communicator()), "compare");
  check(parameters == of_first, "all ranks have the same parameters");
  const auto others = static_cast<std::uint64_t>(session.size() - 1);
  check(sum_over_ranks(session, transport.ledger().of(Purpose::kGradients).bytes) == kUpdates * 2 * 4 * count * others,
        "the MPI library has to move 2 S (P - 1) bytes");
}

void encoded_parameters_equal_serial(MpiSession& session, MpiCheck& check, std::size_t count) {
  constexpr int kUpdates = 3;
  constexpr std::uint64_t kSeed = 8;
  for (const char* name : {"fp16", "bf16", "int8", "top-k:0.05", "random-k:0.05"}) {
    const CodecSetting setting = parse_codec(name);
    MpiTransport transport(session);
    auto codec = make_codec(setting, count, kSeed, session.rank());
    const std::size_t encoded_bytes = codec->encoded_bytes();
    CompressedGradients agreement(transport, count, std::move(codec));
    const std::vector<float> parameters = learn_as_member(session.rank(), session.size(), agreement, count, kUpdates);
    check(parameters == encoded_by_hand(setting, kSeed, session.size(), count, kUpdates),
          "parameters from encoded gradients are the serial ones");
    const auto ranks = static_cast<std::uint64_t>(session.size());
    check(sum_over_ranks(session, transport.ledger().of(Purpose::kGradients).bytes) ==
              kUpdates * encoded_bytes * ranks * (ranks - 1),
          "encoded gradients move S_c P (P - 1) bytes");
  }
}

void statistics_add_up_in_rank_order(MpiSession& session, MpiCheck& check) {
  MpiTransport transport(session);
  TransportGradients agreement(transport, 16);
  std::vector<double> values(1000, session.rank() + 1.0);
  // 1e16 + 1 rounds to 1e16 in double, so 0 comes out in this order only.
  values[0] = session.rank() == 0 ? 1e16 : (session.rank() == session.size() - 1 ? -1e16 : 1.0);
  agreement.sum(values);
  const int ranks = session.size();
  check(values[0] == (ranks == 1 ? 1e16 : 0.0), "statistics are added in rank order");
  bool all_right = true;
  for (std::size_t i = 1; i < values.size(); ++i) all_right = all_right && values[i] == ranks * (ranks + 1) / 2.0;
  check(all_right, "statistics add up");
}

cpu_set_t own_cores() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  sched_getaffinity(0, sizeof(mask), &mask);
  return mask;
}

int cores_of_all(MpiSession& session) {
  int count = 0;
  cpu_set_t mask = own_cores();
  const int own = CPU_COUNT(&mask);
  check_mpi(MPI_Allreduce(&own, &count, 1, MPI_INT, MPI_SUM, session.communicator()), "add cores");
  return count;
}

// mpirun binds nobody in these tests.
void ranks_keep_to_cores_of_their_own(MpiSession& session, MpiCheck& check) {
  const int cores = session.cores_on_host();
  cpu_set_t any = own_cores();
  check_mpi(MPI_Allreduce(MPI_IN_PLACE, &any, sizeof(any), MPI_BYTE, MPI_BOR, session.communicator()), "join cores");
  check(CPU_COUNT(&any) >= cores, "no core is left out");
  const bool divided = session.size() > 1 && session.size() <= cores;
  check(cores_of_all(session) == CPU_COUNT(&any) * (divided ? 1 : session.size()), "shares do not overlap");
  leave_core_share();
  check(cores_of_all(session) == CPU_COUNT(&any) * session.size(), "a rank may leave its share");
  session.keep_to_own_cores();
  check(cores_of_all(session) == CPU_COUNT(&any) * (divided ? 1 : session.size()), "and returns to it");
}

// Every rank sends to its right and receives from its left, long messages at the same time as short ones.
void messages_arrive_whole(MpiSession& session, MpiCheck& check) {
  if (session.size() == 1) return;
  MpiTransport transport(session);
  const int next = (session.rank() + 1) % session.size();
  const int before = (session.rank() + session.size() - 1) % session.size();
  for (const std::size_t bytes : {std::size_t{1}, std::size_t{3000}, std::size_t{0}, std::size_t{5000000}}) {
    const std::vector<std::byte> out(session.rank() % 2 == 0 ? bytes : bytes / 2,
                                     static_cast<std::byte>(session.rank()));
    std::vector<std::byte> in(before % 2 == 0 ? bytes : bytes / 2);
    transport.exchange(next, out, before, in, Purpose::kTrajectories);
    check(in == std::vector<std::byte>(in.size(), static_cast<std::byte>(before)), "messages arrive whole");
  }
}

void a_late_peer_is_waited_for(MpiSession& session, MpiCheck& check) {
  if (session.size() == 1) return;
  MpiTransport transport(session);
  check_mpi(MPI_Barrier(session.communicator()), "start together");
  const LatePeerOutcome outcome = exchange_with_a_late_peer(transport);
  check(outcome.arrived_whole, "messages of several peers arrive whole");
  if (session.rank() < session.size() - 1) {
    check(outcome.waiting_seconds >= 0.5 * kLateSeconds, "waiting for a late peer is waiting");
  }
}

}  // namespace

int main() {
  MpiSession session;
  MpiCheck check(session);
  check(launched_by_mpi(), "the launcher is recognised");
  check(session.ranks_on_host() == session.size(), "all ranks are on this host");
  check(session.cores_on_host() >= 1, "there is a core");
  ranks_keep_to_cores_of_their_own(session, check);
  for (const std::size_t count : {std::size_t{1}, std::size_t{33}, std::size_t{1000}, std::size_t{70001}}) {
    parameters_equal_serial(session, check, count);
    library_agrees_within_rounding(session, check, count);
    encoded_parameters_equal_serial(session, check, count);
  }
  statistics_add_up_in_rank_order(session, check);
  messages_arrive_whole(session, check);
  a_late_peer_is_waited_for(session, check);
  return check.result();
}
