// This process as a rank of an MPI job: MPI from initialisation to finalisation, and what a rank has to know of its host.
//
// Made after the last fork and before LibTorch is used. Threads call it one at a time.
//
// Ranks after 0 ignore SIGINT and SIGTERM, which mpirun hands to all of them when it is interrupted: rank 0 decides when
// to stop and tells them. They have to leave by MPI_Finalize within the second that mpirun then gives them, or Open MPI
// leaves its segments in /dev/shm.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "parallel/transport/doorbell.hpp"
#include "parallel/transport/mpi_c.hpp"
#include "parallel/transport/mpi_waiting.hpp"

namespace prl {

// Whether this process was started by mpirun or a like launcher.
bool launched_by_mpi();

// A job of one rank beside others like it, which know each other by what MPI_Comm_spawn returns: place 0 starts the others.
// They are taken for processes of one host that share its cores, and ring no doorbells.
struct JobBeside {
  int place = 0;
  int places = 1;
};

class MpiSession {
 public:
  // Collective. Throws std::runtime_error. In a job beside others any thread may call MPI at any time, if the library
  // allows that.
  explicit MpiSession(std::optional<JobBeside> beside = std::nullopt);
  // Collective, unless an exception is passing through: then the other ranks may wait for this one for ever, and the
  // job is ended. Report the exception before.
  ~MpiSession();
  MpiSession(const MpiSession&) = delete;
  MpiSession& operator=(const MpiSession&) = delete;

  MPI_Comm communicator() const { return MPI_COMM_WORLD; }
  int rank() const { return rank_; }
  int size() const { return size_; }
  int ranks_on_host() const { return ranks_on_host_; }
  // Cores that the ranks of this host may use together.
  int cores_on_host() const { return cores_on_host_; }
  // Keeps the calling thread to this rank's share of the host's cores (transport/core_share.hpp), unless the launcher has
  // bound the ranks itself. A rank starts so; whoever has left the share since returns to it by this.
  void keep_to_own_cores() const;

  const MpiWaiting& waiting() const { return *waiting_; }
  // Wakes `rank` if it is on this host and sleeps: after sending to it, and after taking a message it may wait to be
  // rid of.
  void ring(int rank) const;

  // Whether a long message between ranks of this job is delivered while its sender does other things than call MPI: all
  // ranks are on one host, and the receiver copies straight from the sender's memory. Tried out, at the start.
  bool delivers_alone() const { return delivers_alone_; }

  // A word that all ranks of this host see. Whoever learns that the run is to end, by a signal or from rank 0, sets it.
  std::atomic<bool>& stop() { return words_->stop; }
  // How often ranks of this host have left a round that may be cut early (core/early_cut.hpp), all together.
  std::atomic<std::uint64_t>& left_rounds() { return words_->left_rounds; }

  // Keeps what messages that will never end were given, until MPI is finalised.
  void keep(std::shared_ptr<void> buffers) { kept_.push_back(std::move(buffers)); }

 private:
  // Seen by all ranks of the host.
  struct alignas(kCacheLineBytes) HostWords {
    std::atomic<bool> stop{false};
    std::atomic<bool> delivered{false};
    std::atomic<std::uint64_t> left_rounds{0};
  };

  void look_at_host();
  void share_memory_on_host();
  void try_delivery();

  int rank_ = 0;
  int size_ = 1;
  int ranks_on_host_ = 1;
  int cores_on_host_ = 1;
  bool bound_by_launcher_ = false;
  int exceptions_at_start_ = 0;
  MPI_Comm host_ = MPI_COMM_NULL;
  MPI_Win window_ = MPI_WIN_NULL;
  bool delivers_alone_ = false;
  HostWords* words_ = nullptr;
  std::span<Doorbell> bells_;      // by rank on the host
  std::vector<int> host_rank_of_;  // by rank; MPI_UNDEFINED on other hosts
  std::optional<MpiWaiting> waiting_;
  std::optional<JobBeside> beside_;
  std::vector<std::shared_ptr<void>> kept_;
};

}  // namespace prl
