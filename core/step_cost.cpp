#include "core/step_cost.hpp"

#include <sys/prctl.h>
#include <ctime>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <system_error>

#include "core/random.hpp"

namespace prl {
namespace {

constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;
// A microsecond or two.
constexpr int kIterationsBetweenClocks = 4000;
constexpr std::int64_t kStopCheckNanoseconds = 50'000'000;
constexpr double kMaxSecondsPerStep = 3600.0;
// Thirty years: as good as for ever, and its nanoseconds still fit.
constexpr double kMaxPaymentSeconds = 1e9;

thread_local double slowness = 1.0;

struct Unit {
  std::string_view name;
  int power;  // Of ten, in seconds.
};
// Longest names first: `s` ends them all.
constexpr std::array<Unit, 3> kUnits{{{"ms", -3}, {"us", -6}, {"s", 0}}};

[[noreturn]] void reject(std::string_view text, std::string_view reason) {
  throw std::invalid_argument(
      "step cost '" + std::string(text) + "': " + std::string(reason) +
      "; expected none, busy:T or wait:T with T like 4.1ms, 250us or 0.004s, and :pareto:A or :lognormal:S after it "
      "where it is spread; give, for example, wait:4.1ms, or none for no cost");
}

// The number is read together with its unit as one decimal, so that 4.1ms is the double nearest to 0.0041.
double parse_seconds(std::string_view whole, std::string_view text) {
  const auto unit =
      std::find_if(kUnits.begin(), kUnits.end(), [&](const Unit& candidate) { return text.ends_with(candidate.name); });
  if (unit == kUnits.end()) reject(whole, "the duration has no unit");
  const std::string_view number = text.substr(0, text.size() - unit->name.size());
  if (number.find_first_of("eE") != std::string_view::npos) reject(whole, "the duration is not a plain decimal number");
  const std::string decimal = std::string(number) + "e" + std::to_string(unit->power);
  double seconds = 0.0;
  const auto [end, error] = std::from_chars(decimal.data(), decimal.data() + decimal.size(), seconds);
  if (number.empty() || error == std::errc::invalid_argument || end != decimal.data() + decimal.size()) {
    reject(whole, "the duration is not a plain decimal number");
  }
  if (error != std::errc{} || !(seconds > 0.0 && seconds <= kMaxSecondsPerStep)) {
    reject(whole, "the duration is not above 0 and at most 3600s");
  }
  return seconds;
}

// The point is shifted in the decimal text: multiplying by a power of ten would round.
std::string format_seconds(double seconds, const Unit& unit) {
  std::array<char, 512> text;
  char* const first = text.data();
  char* const last = first + text.size();
  const std::string decimal(first, std::to_chars(first, last, seconds, std::chars_format::scientific).ptr);
  const std::size_t mark = decimal.find('e');
  const int power = std::stoi(decimal.substr(mark + 1)) - unit.power;
  const std::string shifted = decimal.substr(0, mark) + "e" + std::to_string(power);
  double number = 0.0;
  std::from_chars(shifted.data(), shifted.data() + shifted.size(), number);
  return std::string(first, std::to_chars(first, last, number, std::chars_format::fixed).ptr) + std::string(unit.name);
}

std::int64_t nanoseconds_of(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return now.tv_sec * kNanosecondsPerSecond + now.tv_nsec;
}

void burn(std::int64_t nanoseconds, const std::atomic<bool>& stop) {
  const std::int64_t deadline = nanoseconds_of(CLOCK_THREAD_CPUTIME_ID) + nanoseconds;
  while (nanoseconds_of(CLOCK_THREAD_CPUTIME_ID) < deadline && !stop.load(std::memory_order_relaxed)) {
    // This clock is a system call: without a pause the time would be the kernel's, not the program's.
    for (int i = 0; i < kIterationsBetweenClocks; ++i) std::atomic_signal_fence(std::memory_order_seq_cst);
  }
}

void block(std::int64_t nanoseconds, const std::atomic<bool>& stop) {
  const std::int64_t deadline = nanoseconds_of(CLOCK_MONOTONIC) + nanoseconds;
  // An absolute time: an interrupted sleep is taken up again without losing or adding anything.
  for (std::int64_t now = deadline - nanoseconds; now < deadline && !stop.load(std::memory_order_relaxed);
       now = nanoseconds_of(CLOCK_MONOTONIC)) {
    const std::int64_t until = std::min(deadline, now + kStopCheckNanoseconds);
    const timespec wake{.tv_sec = until / kNanosecondsPerSecond, .tv_nsec = until % kNanosecondsPerSecond};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &wake, nullptr);
  }
}

struct SpreadName {
  StepCost::Spread spread;
  std::string_view name;
  double above;
  double most;
};
constexpr std::array<SpreadName, 2> kSpreads{
    {{StepCost::Spread::kPareto, "pareto", 1.0, 1000.0}, {StepCost::Spread::kLogNormal, "lognormal", 0.0, 5.0}}};

// `text` is what follows the duration and a colon: NAME:SHAPE.
void parse_spread(std::string_view whole, std::string_view text, StepCost& cost) {
  const std::size_t colon = text.find(':');
  const auto known = std::find_if(kSpreads.begin(), kSpreads.end(),
                                  [&](const SpreadName& candidate) { return text.substr(0, colon) == candidate.name; });
  if (known == kSpreads.end()) reject(whole, "the spread is neither pareto nor lognormal");
  if (colon == std::string_view::npos) reject(whole, "the spread's shape is missing");
  const std::string_view number = text.substr(colon + 1);
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), cost.shape);
  if (error != std::errc{} || end != number.data() + number.size()) reject(whole, "the spread's shape is not a number");
  if (!(cost.shape > known->above && cost.shape <= known->most)) {
    reject(whole, known->spread == StepCost::Spread::kPareto ? "pareto's shape is not above 1 and at most 1000"
                                                             : "lognormal's shape is not above 0 and at most 5");
  }
  cost.spread = known->spread;
}

std::string spread_text(const StepCost& cost) {
  for (const SpreadName& known : kSpreads) {
    if (known.spread != cost.spread) continue;
    std::array<char, 64> number;
    char* const end = std::to_chars(number.data(), number.data() + number.size(), cost.shape).ptr;
    return std::string(":").append(known.name).append(":").append(number.data(), end);
  }
  return "";
}

}  // namespace

StepCost parse_step_cost(std::string_view text) {
  if (text == "none") return {};
  const std::size_t colon = text.find(':');
  const std::string_view kind = text.substr(0, colon);
  if (kind != "busy" && kind != "wait") reject(text, "unknown kind");
  if (colon == std::string_view::npos) reject(text, "the duration is missing");
  const std::string_view rest = text.substr(colon + 1);
  const std::size_t spread = rest.find(':');
  StepCost cost{kind == "busy" ? StepCost::Kind::kBusy : StepCost::Kind::kWait,
                parse_seconds(text, rest.substr(0, spread))};
  if (spread != std::string_view::npos) parse_spread(text, rest.substr(spread + 1), cost);
  return cost;
}

std::string to_string(const StepCost& cost) {
  if (cost.kind == StepCost::Kind::kNone) return "none";
  const std::string kind = cost.kind == StepCost::Kind::kBusy ? "busy:" : "wait:";
  const std::string spread = spread_text(cost);
  std::string shortest = kind + format_seconds(cost.seconds_per_step, kUnits.back()) + spread;
  for (const Unit& unit : kUnits) {
    const std::string text = kind + format_seconds(cost.seconds_per_step, unit) + spread;
    // Seventeen digits may name another double once the point has moved.
    if (text.size() < shortest.size() && parse_step_cost(text) == cost) shortest = text;
  }
  return shortest;
}

double cost_multiple(const StepCost& cost, std::uint64_t seed, std::uint32_t environment, std::uint64_t step) {
  if (cost.spread == StepCost::Spread::kNone) return 1.0;
  Rng rng(seed, RandomPurpose::kStepCost, environment, step);
  if (cost.spread == StepCost::Spread::kLogNormal) {
    return std::exp(cost.shape * static_cast<double>(rng.normal()) - 0.5 * cost.shape * cost.shape);
  }
  return (cost.shape - 1.0) / cost.shape * std::pow(1.0 - rng.uniform<double>(), -1.0 / cost.shape);
}

void slow_down_this_thread(double factor) { slowness = factor; }

void pay_step_cost(const StepCost& cost, double steps, const std::atomic<bool>& stop) {
  if (cost.kind == StepCost::Kind::kNone || steps <= 0.0) return;
  const double seconds = std::min(cost.seconds_per_step * steps * slowness, kMaxPaymentSeconds);
  const auto nanoseconds = static_cast<std::int64_t>(std::ceil(seconds * static_cast<double>(kNanosecondsPerSecond)));
  if (cost.kind == StepCost::Kind::kBusy) {
    burn(nanoseconds, stop);
  } else {
    block(nanoseconds, stop);
  }
}

void request_precise_sleep() { prctl(PR_SET_TIMERSLACK, 1UL); }

}  // namespace prl
