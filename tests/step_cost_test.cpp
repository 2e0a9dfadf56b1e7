// The cost of a step: its text form, and that at least what was asked for is paid. Never more than that is checked of
// times, since machines are noisy.
#include "core/step_cost.hpp"

#include <pthread.h>
#include <sys/prctl.h>
#include <csignal>
#include <ctime>

#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <thread>

#include "core/random.hpp"
#include "tests/catch2.hpp"

namespace {

using prl::parse_step_cost;
using prl::StepCost;
using prl::to_string;

double seconds_of(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// What `clock` advances by while a step of `environments` environments is paid for.
double paid_seconds(clockid_t clock, const std::string& cost, int environments, const std::atomic<bool>& stop) {
  const StepCost parsed = parse_step_cost(cost);
  const double start = seconds_of(clock);
  prl::pay_step_cost(parsed, environments, stop);
  return seconds_of(clock) - start;
}

std::atomic<int> signals_seen{0};
void count_signal(int) { ++signals_seen; }

}  // namespace

TEST_CASE("A step cost is read as the nearest double to its decimal seconds") {
  CHECK(parse_step_cost("none") == StepCost{});
  CHECK(parse_step_cost("busy:4.1ms") == StepCost{StepCost::Kind::kBusy, 0.0041});
  CHECK(parse_step_cost("wait:250us") == StepCost{StepCost::Kind::kWait, 0.00025});
  CHECK(parse_step_cost("wait:0.004s") == StepCost{StepCost::Kind::kWait, 0.004});
  CHECK(parse_step_cost("wait:3600s") == StepCost{StepCost::Kind::kWait, 3600.0});
}

TEST_CASE("A step cost is written in its shortest form and read back exactly") {
  for (const char* text : {"none", "busy:4.1ms", "wait:250us", "wait:2s", "busy:0.1us", "wait:3.9186ms"}) {
    CHECK(to_string(parse_step_cost(text)) == text);
  }
  CHECK(to_string(parse_step_cost("wait:0.004s")) == "wait:4ms");
  prl::Rng rng(5, prl::RandomPurpose::kReset, 0, 0);
  for (int i = 0; i < 10'000; ++i) {
    const double seconds = std::pow(10.0, rng.uniform(-12.0, 3.5));
    for (const StepCost::Kind kind : {StepCost::Kind::kBusy, StepCost::Kind::kWait}) {
      const StepCost cost{kind, seconds};
      REQUIRE(parse_step_cost(to_string(cost)) == cost);
    }
  }
}

TEST_CASE("A bad step cost is refused in one line that says what to do") {
  for (const char* text :
       {"",          "sleep:1ms", "busy",       "busy:",     "wait:ms",   "wait:4",       "wait:4 ms",
        "wait:-4ms", "wait:0ms",  "busy:nans",  "busy:infs", "wait:1e3s", "wait:4.1.2ms", "wait:3601s",
        "none:1ms",  "Busy:1ms",  "wait:0x4ms", "wait:1h",   " wait:1ms", "wait:1ms "}) {
    INFO(text);
    std::string message;
    try {
      parse_step_cost(text);
    } catch (const std::invalid_argument& error) {
      message = error.what();
    }
    REQUIRE(message.find("step cost '" + std::string(text) + "'") == 0);
    REQUIRE(message.find("expected none, busy:T or wait:T") != std::string::npos);
    REQUIRE(message.find('\n') == std::string::npos);
  }
}

TEST_CASE("busy burns at least n T of the thread's CPU time, wait blocks for at least n T") {
  const std::atomic<bool> stop{false};
  prl::request_precise_sleep();
  CHECK(prctl(PR_GET_TIMERSLACK) == 1);
  for (const int environments : {1, 4, 16}) {
    CHECK(paid_seconds(CLOCK_THREAD_CPUTIME_ID, "busy:2ms", environments, stop) >= 0.002 * environments);
    CHECK(paid_seconds(CLOCK_MONOTONIC, "wait:2ms", environments, stop) >= 0.002 * environments);
  }
  // Longer than the slices between two looks at `stop`.
  CHECK(paid_seconds(CLOCK_MONOTONIC, "wait:60ms", 2, stop) >= 0.12);
  // A thread that waits leaves its core to others: it may burn some CPU time, not the time that it waits for.
  CHECK(paid_seconds(CLOCK_THREAD_CPUTIME_ID, "wait:100ms", 2, stop) < 0.1);
}

TEST_CASE("A set stop ends the payment, before or while it is made") {
  for (const char* cost : {"busy:3600s", "wait:3600s"}) {
    std::atomic<bool> stop{true};
    CHECK(paid_seconds(CLOCK_MONOTONIC, cost, 16, stop) < 3600.0);
    stop = false;
    std::thread setter([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      stop = true;
    });
    CHECK(paid_seconds(CLOCK_MONOTONIC, cost, 16, stop) < 3600.0);
    setter.join();
    CHECK(stop);
  }
}

TEST_CASE("Signals do not shorten a wait") {
  struct sigaction action {};
  action.sa_handler = count_signal;  // Without SA_RESTART: sleeps return EINTR.
  REQUIRE(sigaction(SIGUSR1, &action, nullptr) == 0);
  const std::atomic<bool> stop{false};
  std::atomic<bool> done{false};
  std::thread sender([&, target = pthread_self()] {
    while (!done) {
      pthread_kill(target, SIGUSR1);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  CHECK(paid_seconds(CLOCK_MONOTONIC, "wait:40ms", 3, stop) >= 0.12);
  done = true;
  sender.join();
  CHECK(signals_seen > 1);
}
