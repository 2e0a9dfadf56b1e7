// How an MPI rank waits. MPI's blocking calls spin, which with more ranks than cores takes the learner's core from it.
// So a rank only ever asks whether something has arrived: it spins a while where every rank has a core of its own, then
// sleeps between its questions, the longer the longer it has waited. Ranks of the same host ring each other's doorbell
// when they have sent or taken something, which ends the sleep.
#pragma once

#include "parallel/transport/doorbell.hpp"

namespace prl {

class MpiWaiting {
 public:
  // `ranks_on_host` of this host's ranks share `cores` cores. `bell` is this rank's; `all_on_host` says that every rank
  // of the job can ring it.
  MpiWaiting(int ranks_on_host, int cores, bool all_on_host, Doorbell& bell);

  // Returns once done() does. done() must make a call that lets MPI progress.
  template <typename Done>
  void until(const Done& done) const {
    if (spin_until(done, spin_seconds_)) return;
    const auto looked_well = [&done] {
      for (int look = 0; look < kLooksPerWaking; ++look) {
        if (done()) return true;
      }
      return false;
    };
    const double start_seconds = monotonic_seconds();
    while (!bell_->sleep_until(looked_well, sleep_seconds(monotonic_seconds() - start_seconds))) {
    }
  }

 private:
  // MPI handles one of the events that have come at a time: a ring announces a message, and the first look may find
  // another.
  static constexpr int kLooksPerWaking = 10;

  double sleep_seconds(double waited_seconds) const;

  double spin_seconds_;
  double longest_sleep_seconds_;
  Doorbell* bell_;
};

}  // namespace prl
