// Checks for programs that run as several MPI ranks: a failure is printed and counted, never thrown, so that no rank
// waits for one that has left.
#pragma once

#include <cstdio>

#include "parallel/transport/mpi_error.hpp"
#include "parallel/transport/mpi_session.hpp"

namespace prl::test {

class MpiCheck {
 public:
  explicit MpiCheck(const MpiSession& session) : session_(session) {}

  void operator()(bool holds, const char* what) {
    ++checks_;
    if (holds) return;
    ++failures_;
    std::fprintf(stderr, "rank %d of %d: not so: %s\n", session_.rank(), session_.size(), what);
  }

  // Collective. The exit status: 0 if every check held on every rank and there was at least one on each.
  int result() const {
    int failed = failures_ > 0 || checks_ == 0 ? 1 : 0;
    check_mpi(MPI_Allreduce(MPI_IN_PLACE, &failed, 1, MPI_INT, MPI_MAX, session_.communicator()), "gather results");
    if (session_.rank() == 0)
      std::printf("%d ranks: %s\n", session_.size(), failed != 0 ? "failed" : "all checks hold");
    return failed;
  }

 private:
  const MpiSession& session_;
  int checks_ = 0;
  int failures_ = 0;
};

}  // namespace prl::test
