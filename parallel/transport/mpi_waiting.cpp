#include "parallel/transport/mpi_waiting.hpp"

#include <algorithm>

namespace prl {
namespace {

constexpr double kSpinSeconds = 200e-6;
constexpr double kShortestSleepSeconds = 20e-6;
// A rank that nobody can ring has to look often.
constexpr double kLongestSleepSeconds = 200e-6;
// A ring can be missed only where MPI puts a message off; then it is found by looking.
constexpr double kLongestRungSleepSeconds = 500e-6;
// A sleep of an eighth of the time waited so far makes no wait more than an eighth longer.
constexpr double kShareOfWait = 0.125;

}  // namespace

// With more ranks than cores the longest sleep grows in proportion, so that all ranks together look equally often.
MpiWaiting::MpiWaiting(int ranks_on_host, int cores, bool all_on_host, Doorbell& bell)
    : spin_seconds_(ranks_on_host <= cores ? kSpinSeconds : 0.0),
      longest_sleep_seconds_((all_on_host ? kLongestRungSleepSeconds : kLongestSleepSeconds) *
                             std::max(1.0, static_cast<double>(ranks_on_host) / cores)),
      bell_(&bell) {}

double MpiWaiting::sleep_seconds(double waited_seconds) const {
  return std::clamp(waited_seconds * kShareOfWait, kShortestSleepSeconds, longest_sleep_seconds_);
}

}  // namespace prl
