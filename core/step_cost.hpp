// What a step of an environment is made to cost, beside the nanoseconds that ours take:
//
//   none      nothing;
//   busy:T    T of the calling thread's CPU time, as a simulator on the worker's own core does;
//   wait:T    T blocked off the CPU, as a remote or a hardware simulator does.
//
// A worker that steps n environments pays n T in one go. Either may be spread, with T as its mean:
//
//   busy:T:pareto:A      T (A - 1) / A u^(-1/A), u uniform in (0, 1], A > 1: no variance up to A = 2
//   wait:T:lognormal:S   T exp(S z - S^2 / 2), z standard normal
//
// A step's own multiple of T is drawn by the seed, the environment and the step (core/random.hpp), so it does not depend on
// who steps it, in what mode.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

namespace prl {

struct StepCost {
  enum class Kind { kNone, kBusy, kWait };
  enum class Spread { kNone, kPareto, kLogNormal };
  Kind kind = Kind::kNone;
  double seconds_per_step = 0.0;  // mean
  Spread spread = Spread::kNone;
  double shape = 0.0;  // A or S

  friend bool operator==(const StepCost&, const StepCost&) = default;
};

// Reads `none`, `busy:T` or `wait:T`, T above 0 and at most 3600s, with unit s, ms or us: 4.1ms, 250us, 0.004s; then, where
// it is spread, `:pareto:A`, A above 1 and at most 1000, or `:lognormal:S`, S above 0 and at most 5. Throws
// std::invalid_argument, one line saying what was wrong, what was expected and what to do.
StepCost parse_step_cost(std::string_view text);

// The shortest text that parse_step_cost reads back to exactly the same cost.
std::string to_string(const StepCost& cost);

// What step `step` of an environment costs, as a multiple of the mean: 1 where costs are not spread.
double cost_multiple(const StepCost& cost, std::uint64_t seed, std::uint32_t environment, std::uint64_t step);

// Pays for `steps` steps, or as much as that: at least steps * seconds_per_step, less only when `stop` is set, which is
// looked at every 50 ms or more often. Signals do not cut it short.
void pay_step_cost(const StepCost& cost, double steps, const std::atomic<bool>& stop);

// From now on the calling thread pays `factor` times as much: a slow worker.
void slow_down_this_thread(double factor);

// Asks the kernel to end this thread's sleeps within a nanosecond of their time instead of its default of 50 us. To be
// called once by every thread that waits.
void request_precise_sleep();

}  // namespace prl
