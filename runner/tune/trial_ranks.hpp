// Trials on MPI ranks: rank 0 hands them out, and each rank, rank 0 too, runs one at a time in a child process. Ranks of
// other hosts need the study's folder and the program at the same paths.
//
// Messages are texts. To a rank: the log's path and prl's words, each ended by a zero, or nothing: stop what runs. From a
// rank: the error of its trial, empty if there is none.
#pragma once

#include <string>
#include <vector>

#include "parallel/transport/mpi_session.hpp"
#include "runner/tune/trial_processes.hpp"

namespace prl {

class TrialRanks final : public TrialPlace {
 public:
  // On rank 0. `session` must outlive it.
  explicit TrialRanks(MpiSession& session);
  // Tells the other ranks to return from serve_trials().
  ~TrialRanks() override;
  TrialRanks(const TrialRanks&) = delete;
  TrialRanks& operator=(const TrialRanks&) = delete;

  int workers() const override { return session_.size(); }
  std::optional<int> free_worker() const override;
  void start(int worker, const TrialJob& job) override;
  std::vector<TrialEnd> await(double seconds) override;
  void stop() override;

 private:
  bool some_run() const;

  MpiSession& session_;
  TrialProcesses own_;
  std::vector<bool> busy_;  // by rank; rank 0's is own_'s
};

// What the other ranks do until rank 0's place is destroyed.
void serve_trials(MpiSession& session);

}  // namespace prl
