// How far apart the usable cores are: the time that a cache line takes from one core to the next and back, for every core
// and its neighbour. Two virtual cores may be moved by their host, from cores with a cache in common to cores without one,
// and everything that shares cache lines between two workers then takes up to five times as long.
//
// Prints a JSON list of seconds, the median of a pair's batches, in the order of the cores; empty with a single core.
#include <fmt/ranges.h>
#include <sched.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace {

constexpr int kBatches = 15;
constexpr int kTripsOfBatch = 200;
constexpr std::size_t kMostPairs = 8;

struct alignas(128) Flag {
  std::atomic<int> trip{0};
};

std::vector<int> usable_cores() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  sched_getaffinity(0, sizeof(mask), &mask);
  std::vector<int> cores;
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(core, &mask)) cores.push_back(core);
  }
  return cores;
}

void keep_to(int core) {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  CPU_SET(core, &mask);
  sched_setaffinity(0, sizeof(mask), &mask);
}

void await(const Flag& flag, int trip) {
  while (flag.trip.load(std::memory_order_acquire) != trip) {
  }
}

double round_trip_seconds(int core, int neighbour) {
  using Clock = std::chrono::steady_clock;
  Flag there;
  Flag back;
  std::thread answering([&] {
    keep_to(neighbour);
    for (int trip = 1; trip <= kBatches * kTripsOfBatch; ++trip) {
      await(there, trip);
      back.trip.store(trip, std::memory_order_release);
    }
  });
  keep_to(core);
  std::array<double, kBatches> seconds{};
  int trip = 0;
  for (double& batch : seconds) {
    const Clock::time_point start = Clock::now();
    for (int i = 0; i < kTripsOfBatch; ++i) {
      there.trip.store(++trip, std::memory_order_release);
      await(back, trip);
    }
    batch = std::chrono::duration<double>(Clock::now() - start).count() / kTripsOfBatch;
  }
  answering.join();
  const auto median = seconds.begin() + kBatches / 2;
  std::nth_element(seconds.begin(), median, seconds.end());
  return *median;
}

}  // namespace

int main() {
  const std::vector<int> cores = usable_cores();
  std::vector<double> pairs;
  for (std::size_t i = 0; i + 1 < std::min(cores.size(), kMostPairs + 1); ++i) {
    pairs.push_back(round_trip_seconds(cores[i], cores[i + 1]));
  }
  fmt::print("[{:.3g}]\n", fmt::join(pairs, ", "));
  return 0;
}
