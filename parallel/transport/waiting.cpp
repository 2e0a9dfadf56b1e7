#include "parallel/transport/waiting.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <ctime>
#include <utility>

#include "parallel/transport/usable_cores.hpp"

namespace prl {
namespace {

// As long as it takes to wake a sleeper a few times over: a wait that ends later has paid little for having spun.
constexpr double kSpinSeconds = 200e-6;

}  // namespace

// std::atomic::wait would not do: libstdc++ 12 sleeps on futexes that are private to the process.
bool futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected, double seconds) {
  timespec timeout{};
  timeout.tv_sec = static_cast<time_t>(seconds);
  timeout.tv_nsec = static_cast<long>((seconds - static_cast<double>(timeout.tv_sec)) * 1e9);
  const long result = syscall(SYS_futex, &word, FUTEX_WAIT, expected, &timeout, nullptr, 0);
  return !(result == -1 && errno == ETIMEDOUT);
}

void futex_wake_all(const std::atomic<std::uint32_t>& word) {
  syscall(SYS_futex, &word, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

Waiter waiter_for(int participants, std::function<void()> watch) {
  static const int cores = usable_cores();
  return {participants <= cores ? kSpinSeconds : 0.0, std::move(watch)};
}

}  // namespace prl
