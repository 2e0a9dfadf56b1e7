// Starts ranks while a job runs: each as an MPI job of its own (MPI_Comm_spawn), so that the job goes on when one dies.
//
// It takes a launcher that lets the other jobs live then (Open MPI: mpirun --enable-recovery), and MPI_THREAD_MULTIPLE,
// because each call is made by a thread of its own while others exchange messages. Under Open MPI 4.1 MPI_Comm_spawn waits
// for ever where the new process is killed before its MPI_Init has returned, unless that is told how long to look for it
// (limit_mpi_start()).
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "parallel/transport/lifeline.hpp"
#include "parallel/transport/mpi_c.hpp"

namespace prl {

// Before MPI_Init, of the process that starts others: a call returns within a few seconds where the new process dies in
// its MPI_Init. Sets a parameter of Open MPI's in the environment, unless the user has.
void limit_mpi_start();

// Words that say to a process which place it takes and whom to call: "ADDRESS/PLACE/START".
struct SpawnedPlace {
  std::string address;
  LifelineCaller caller;
};
// Throws std::invalid_argument.
SpawnedPlace parse_spawned_place(const std::string& text);

class MpiSpawner {
 public:
  // Processes are started as `command`, a program and its words, of which the word `place_word` is replaced by the place.
  MpiSpawner(std::vector<std::string> command, std::string place_word);
  // A call that is under way goes on in its thread.
  ~MpiSpawner();
  MpiSpawner(const MpiSpawner&) = delete;
  MpiSpawner& operator=(const MpiSpawner&) = delete;

  // Asks for a process; they are started one after the other.
  void start(std::uint32_t place, std::uint32_t start);
  // Drops those whose start has not begun.
  void forget_asked() { asked_.clear(); }
  bool busy() const { return attempt_ != nullptr || !asked_.empty(); }

  // What has come of the process that was asked for first.
  struct Outcome {
    LifelineCaller asked;
    MPI_Comm communicator = MPI_COMM_NULL;  // with the process as rank 0 of its group; none: it could not be started
    std::optional<Lifeline> line;           // to the process; none: it could not be started
    std::string error;                      // why not
  };
  // Never waits.
  std::optional<Outcome> look();

 private:
  struct Attempt;

  void begin();
  Outcome end(const std::string& error);

  std::vector<std::string> command_;
  std::string place_word_;
  LifelineListener listener_;
  std::deque<LifelineCaller> asked_;
  std::shared_ptr<Attempt> attempt_;  // also of the thread that makes the call
  std::optional<Lifeline> line_;      // of the attempt
};

}  // namespace prl
