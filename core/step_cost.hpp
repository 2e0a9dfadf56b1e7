// What a step of an environment is made to cost, beside the nanoseconds that ours take:
//
//   none      nothing;
//   busy:T    T of the calling thread's CPU time, as a simulator on the worker's own core does;
//   wait:T    T blocked off the CPU, as a remote or a hardware simulator does.
//
// A worker that steps n environments pays n T in one go.
#pragma once

#include <atomic>
#include <string>
#include <string_view>

namespace prl {

struct StepCost {
  enum class Kind { kNone, kBusy, kWait };
  Kind kind = Kind::kNone;
  double seconds_per_step = 0.0;

  friend bool operator==(const StepCost&, const StepCost&) = default;
};

// Reads `none`, `busy:T` or `wait:T`, T above 0 and at most 3600s, with unit s, ms or us: 4.1ms, 250us, 0.004s. Throws
// std::invalid_argument, one line saying what was wrong, what was expected and what to do.
StepCost parse_step_cost(std::string_view text);

// The shortest text that parse_step_cost reads back to exactly the same cost.
std::string to_string(const StepCost& cost);

// Pays for one step of `environments` environments: at least environments * seconds_per_step, less only when `stop` is
// set, which is looked at every 50 ms or more often. Signals do not cut it short.
void pay_step_cost(const StepCost& cost, int environments, const std::atomic<bool>& stop);

// Asks the kernel to end this thread's sleeps within a nanosecond of their time instead of its default of 50 us. To be
// called once by every thread that waits.
void request_precise_sleep();

}  // namespace prl
