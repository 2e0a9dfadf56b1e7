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

#include "core/environment_cost.hpp"
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

TEST_CASE("The spread of a step cost is read and written back exactly") {
  CHECK(parse_step_cost("wait:4ms:pareto:1.5") ==
        StepCost{StepCost::Kind::kWait, 0.004, StepCost::Spread::kPareto, 1.5});
  CHECK(parse_step_cost("busy:1s:lognormal:0.3") ==
        StepCost{StepCost::Kind::kBusy, 1.0, StepCost::Spread::kLogNormal, 0.3});
  for (const char* text : {"wait:4ms:pareto:1.5", "busy:250us:lognormal:1", "wait:3.9186ms:pareto:1.0001"}) {
    CHECK(to_string(parse_step_cost(text)) == text);
  }
}

// The probability that a step costs more than x times the mean, in closed form, against 100,000 steps: 5 standard errors of
// a share are below 0.008.
TEST_CASE("Multiples of a spread cost have the tails that are asked for, and 1 as their mean") {
  constexpr int kSteps = 100'000;
  const auto share_above = [](const StepCost& cost, double x) {
    int above = 0;
    for (int step = 0; step < kSteps; ++step) {
      above += static_cast<int>(prl::cost_multiple(cost, 3, 5, static_cast<std::uint64_t>(step)) > x);
    }
    return static_cast<double>(above) / kSteps;
  };
  const auto mean_of = [](const StepCost& cost) {
    double sum = 0.0;
    for (int step = 0; step < kSteps; ++step) sum += prl::cost_multiple(cost, 3, 5, static_cast<std::uint64_t>(step));
    return sum / kSteps;
  };
  const auto pareto = [&](double a, double x) { return std::pow((a - 1.0) / a / x, a); };
  for (const double x : {0.5, 1.0, 3.0, 10.0}) {
    CHECK(std::fabs(share_above(parse_step_cost("wait:1ms:pareto:1.5"), x) - pareto(1.5, x)) < 0.008);
  }
  CHECK(share_above(parse_step_cost("wait:1ms:pareto:1.5"), 0.333) == 1.0);
  const auto log_normal = [](double s, double x) {
    return 0.5 * std::erfc((std::log(x) + 0.5 * s * s) / s / std::sqrt(2.0));
  };
  for (const double x : {0.1, 0.5, 1.0, 3.0}) {
    CHECK(std::fabs(share_above(parse_step_cost("wait:1ms:lognormal:1"), x) - log_normal(1.0, x)) < 0.008);
  }
  // With finite variances: 5 standard errors.
  CHECK(std::fabs(mean_of(parse_step_cost("wait:1ms:pareto:4")) - 1.0) < 5.0 * std::sqrt(1.0 / 8.0 / kSteps));
  CHECK(std::fabs(mean_of(parse_step_cost("wait:1ms:lognormal:1")) - 1.0) < 5.0 * std::sqrt(1.72 / kSteps));
}

TEST_CASE("A step's multiple is its seed's, environment's and step's own, and 1 without a spread") {
  const StepCost cost = parse_step_cost("wait:1ms:pareto:1.5");
  const double multiple = prl::cost_multiple(cost, 3, 5, 7);
  CHECK(prl::cost_multiple(cost, 3, 5, 7) == multiple);
  CHECK(prl::cost_multiple(cost, 4, 5, 7) != multiple);
  CHECK(prl::cost_multiple(cost, 3, 6, 7) != multiple);
  CHECK(prl::cost_multiple(cost, 3, 5, 8) != multiple);
  CHECK(prl::cost_multiple(parse_step_cost("wait:1ms"), 3, 5, 7) == 1.0);
}

TEST_CASE("A slow worker pays its factor, others do not, and a payer pays for its environments, steps and resets") {
  const std::atomic<bool> stop{false};
  prl::request_precise_sleep();
  const auto seconds_paid = [&](prl::CostPayer& payer, int resets) {
    const double start = seconds_of(CLOCK_MONOTONIC);
    payer.pay(resets, stop);
    return seconds_of(CLOCK_MONOTONIC) - start;
  };
  const StepCost step = parse_step_cost("wait:1ms");
  prl::CostPayer payer(step, parse_step_cost("wait:20ms"), 3, 4, 5);
  CHECK(seconds_paid(payer, 0) >= 0.005);
  CHECK(seconds_paid(payer, 2) >= 0.045);
  prl::slow_down_this_thread(8.0);
  CHECK(seconds_paid(payer, 1) >= 8.0 * 0.025);
  prl::slow_down_this_thread(1.0);
  payer.charge(false);
  CHECK(seconds_paid(payer, 1000000) < 3600.0);
}

TEST_CASE("Spread costs are the sum over the environments, whose steps go on where they are not charged") {
  const std::atomic<bool> stop{false};
  const StepCost cost = parse_step_cost("wait:2ms:pareto:1.5");
  prl::CostPayer payer(cost, {}, 3, 4, 5);
  payer.charge(false);
  for (int step = 0; step < 10; ++step) payer.pay(0, stop);
  payer.charge(true);
  for (std::uint64_t step = 10; step < 14; ++step) {
    double expected = 0.0;
    for (std::uint32_t environment = 4; environment < 9; ++environment) {
      expected += 0.002 * prl::cost_multiple(cost, 3, environment, step);
    }
    const double start = seconds_of(CLOCK_MONOTONIC);
    payer.pay(0, stop);
    CHECK(seconds_of(CLOCK_MONOTONIC) - start >= expected);
  }
}

TEST_CASE("A bad step cost is refused in one line that says what to do") {
  for (const char* text : {"",
                           "sleep:1ms",
                           "busy",
                           "busy:",
                           "wait:ms",
                           "wait:4",
                           "wait:4 ms",
                           "wait:-4ms",
                           "wait:0ms",
                           "busy:nans",
                           "busy:infs",
                           "wait:1e3s",
                           "wait:4.1.2ms",
                           "wait:3601s",
                           "none:1ms",
                           "Busy:1ms",
                           "wait:0x4ms",
                           "wait:1h",
                           " wait:1ms",
                           "wait:1ms ",
                           "wait:1ms:",
                           "wait:1ms:pareto",
                           "wait:1ms:pareto:",
                           "wait:1ms:pareto:1",
                           "wait:1ms:pareto:nan",
                           "wait:1ms:pareto:1001",
                           "wait:1ms:lognormal:0",
                           "wait:1ms:lognormal:6",
                           "wait:1ms:normal:1",
                           "wait:1ms:pareto:2:3",
                           "none:pareto:2",
                           "wait:pareto:2"}) {
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
