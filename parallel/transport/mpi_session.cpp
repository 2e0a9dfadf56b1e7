#include "parallel/transport/mpi_session.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <memory>
#include <new>
#include <numeric>
#include <stdexcept>
#include <thread>

#include "core/step_cost.hpp"
#include "parallel/transport/core_share.hpp"
#include "parallel/transport/mpi_error.hpp"
#include "parallel/transport/mpi_spawner.hpp"
#include "parallel/transport/usable_cores.hpp"

namespace prl {
namespace {

// Apart from the tags of transport and collectors.
constexpr int kDeliveryTag = 200;

cpu_set_t joined(const cpu_set_t& mask, MPI_Op operation, MPI_Comm host) {
  cpu_set_t all = mask;
  check_mpi(MPI_Allreduce(MPI_IN_PLACE, &all, static_cast<int>(sizeof(all)), MPI_BYTE, operation, host),
            "compare the cores of the ranks");
  return all;
}

// The rank on `host` of each of the `size` ranks.
std::vector<int> host_ranks(MPI_Comm host, int size) {
  std::vector<int> ranks(static_cast<std::size_t>(size));
  std::vector<int> on_host(ranks.size());
  std::iota(ranks.begin(), ranks.end(), 0);
  MPI_Group all = MPI_GROUP_NULL;
  MPI_Group here = MPI_GROUP_NULL;
  check_mpi(MPI_Comm_group(MPI_COMM_WORLD, &all), "list the ranks");
  check_mpi(MPI_Comm_group(host, &here), "list the ranks of this host");
  check_mpi(MPI_Group_translate_ranks(all, size, ranks.data(), here, on_host.data()), "find the ranks of this host");
  MPI_Group_free(&all);
  MPI_Group_free(&here);
  return on_host;
}

}  // namespace

bool launched_by_mpi() {
  const auto set = [](const char* name) { return std::getenv(name) != nullptr; };
  return set("OMPI_COMM_WORLD_SIZE") || set("PMI_SIZE") || set("PMIX_RANK");
}

MpiSession::MpiSession(std::optional<JobBeside> beside)
    : exceptions_at_start_(std::uncaught_exceptions()), beside_(beside) {
  int level = MPI_THREAD_SINGLE;
  if (beside_) limit_mpi_start();
  const int wanted = beside_ ? MPI_THREAD_MULTIPLE : MPI_THREAD_SERIALIZED;
  check_mpi(MPI_Init_thread(nullptr, nullptr, wanted, &level), "start");
  if (level < MPI_THREAD_SERIALIZED) {
    throw std::runtime_error("this MPI library allows no threads beside it: use one built with MPI_THREAD_SERIALIZED");
  }
  check_mpi(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN), "set an error handler");
  check_mpi(MPI_Comm_rank(MPI_COMM_WORLD, &rank_), "tell the rank");
  check_mpi(MPI_Comm_size(MPI_COMM_WORLD, &size_), "tell the number of ranks");
  request_precise_sleep();
  if (rank_ > 0 || (beside_ && beside_->place > 0)) {
    std::signal(SIGINT, SIG_IGN);
    std::signal(SIGTERM, SIG_IGN);
  }
  look_at_host();
  share_memory_on_host();
  Doorbell& own_bell = bells_[static_cast<std::size_t>(host_rank_of_[static_cast<std::size_t>(rank_)])];
  if (beside_) {
    waiting_.emplace(beside_->places, cores_on_host_, false, own_bell);
  } else {
    waiting_.emplace(ranks_on_host_, cores_on_host_, ranks_on_host_ == size_, own_bell);
  }
  if (size_ > 1 && ranks_on_host_ == size_) try_delivery();
}

void MpiSession::look_at_host() {
  check_mpi(MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &host_), "group ranks by host");
  check_mpi(MPI_Comm_size(host_, &ranks_on_host_), "tell the number of ranks on this host");
  // mpirun may bind each rank to cores of its own: together they have the union of their masks, within the quota.
  const cpu_set_t& mask = process_affinity();
  const cpu_set_t any = joined(mask, MPI_BOR, host_);
  const cpu_set_t every = joined(mask, MPI_BAND, host_);
  const bool quota_binds = usable_cores() < CPU_COUNT(&mask);
  cores_on_host_ = quota_binds ? std::min(usable_cores(), CPU_COUNT(&any)) : CPU_COUNT(&any);
  bound_by_launcher_ = CPU_EQUAL(&any, &every) == 0;
  host_rank_of_ = host_ranks(host_, size_);
  keep_to_own_cores();
}

void MpiSession::keep_to_own_cores() const {
  if (beside_) return keep_to_core_share(beside_->place, beside_->places);
  if (!bound_by_launcher_) keep_to_core_share(host_rank_of_[static_cast<std::size_t>(rank_)], ranks_on_host_);
}

// Ranks map the same pages, so a cache line of one is a cache line of all, whatever the addresses.
void MpiSession::share_memory_on_host() {
  static_assert(std::atomic<bool>::is_always_lock_free, "shared between processes: must not need a lock");
  const auto bell_count = static_cast<std::size_t>(ranks_on_host_);
  const bool first = host_rank_of_[static_cast<std::size_t>(rank_)] == 0;
  const std::size_t bytes = (bell_count + 2) * kCacheLineBytes;
  void* start = nullptr;
  check_mpi(
      MPI_Win_allocate_shared(first ? static_cast<MPI_Aint>(bytes) : 0, 1, MPI_INFO_NULL, host_, &start, &window_),
      "share memory on this host");
  MPI_Aint size = 0;
  int unit = 0;
  check_mpi(MPI_Win_shared_query(window_, 0, &size, &unit, &start), "share memory on this host");
  std::size_t room = bytes;
  if (std::align(kCacheLineBytes, bytes - kCacheLineBytes, start, room) == nullptr) {
    throw std::runtime_error("MPI could not share memory on this host at a cache line");
  }
  auto* bells = reinterpret_cast<Doorbell*>(static_cast<std::byte*>(start) + sizeof(HostWords));
  if (first) {
    new (start) HostWords();
    std::uninitialized_default_construct_n(bells, bell_count);
  }
  words_ = std::launder(static_cast<HostWords*>(start));
  bells_ = {std::launder(bells), bell_count};
  check_mpi(MPI_Barrier(host_), "start together");
}

// Rank 0 sends to rank 1 and then stays away from MPI until rank 1 says in shared memory that it has the message.
void MpiSession::try_delivery() {
  constexpr int kMessageBytes = 1 << 18;  // beyond what any MPI library sends eagerly
  constexpr int kLooks = 2000;
  if (rank_ > 1) return;
  std::vector<std::byte> message(kMessageBytes);
  MPI_Request request = MPI_REQUEST_NULL;
  if (rank_ == 0) {
    check_mpi(MPI_Isend(message.data(), kMessageBytes, MPI_BYTE, 1, kDeliveryTag, MPI_COMM_WORLD, &request), "send");
    ring(1);
    for (int look = 0; look < kLooks && !words_->delivered.load(); ++look) {
      std::this_thread::sleep_for(std::chrono::microseconds(100));
    }
    delivers_alone_ = words_->delivered.load();
  } else {
    check_mpi(MPI_Irecv(message.data(), kMessageBytes, MPI_BYTE, 0, kDeliveryTag, MPI_COMM_WORLD, &request), "receive");
  }
  waiting().until([&] {
    int finished = 0;
    check_mpi(MPI_Test(&request, &finished, MPI_STATUS_IGNORE), "deliver a message");
    return finished != 0;
  });
  if (rank_ == 1) {
    words_->delivered.store(true);
    ring(0);
  }
}

void MpiSession::ring(int rank) const {
  const int on_host = host_rank_of_[static_cast<std::size_t>(rank)];
  if (on_host == MPI_UNDEFINED) return;
  bells_[static_cast<std::size_t>(on_host)].ring_after_any_store();
}

MpiSession::~MpiSession() {
  if (std::uncaught_exceptions() > exceptions_at_start_) MPI_Abort(MPI_COMM_WORLD, 1);
  MPI_Win_free(&window_);
  MPI_Comm_free(&host_);
  MPI_Finalize();
}

}  // namespace prl
