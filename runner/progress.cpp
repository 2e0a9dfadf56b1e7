#include "runner/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

namespace prl {
namespace {

constexpr double kSecondsBetweenPlainLines = 5.0;
constexpr double kSecondsBetweenRewrites = 0.1;

std::string as_time(double seconds) {
  const long whole = static_cast<long>(seconds + 0.5);
  return fmt::format("{}:{:02d}", whole / 60, whole % 60);
}

// The newest mean return on the curve: of an evaluation where there is one.
std::string newest_return(const TrainingResult& so_far) {
  for (auto point = so_far.curve.rbegin(); point != so_far.curve.rend(); ++point) {
    if (point->evaluation) return fmt::format("  return {:.1f}", point->evaluation->mean());
    if (point->training_episodes > 0) {
      return fmt::format("  training return {:.1f}",
                         point->training_return_sum / static_cast<double>(point->training_episodes));
    }
  }
  return "";
}

}  // namespace

Progress::Progress(ProgressStyle style, long rounds, int warmup_rounds, int steps_per_round)
    : enabled_(style != ProgressStyle::kNone),
      rewrite_(style == ProgressStyle::kAuto && ::isatty(STDERR_FILENO) != 0),
      rounds_(rounds),
      warmup_rounds_(warmup_rounds),
      steps_per_round_(steps_per_round),
      begin_seconds_(monotonic_seconds()),
      last_seconds_(begin_seconds_) {}

std::string Progress::line(long rounds_done, const TrainingResult& so_far) const {
  const long all_rounds = rounds_ + warmup_rounds_;
  const double elapsed = monotonic_seconds() - begin_seconds_;
  const double left = elapsed / static_cast<double>(rounds_done) * static_cast<double>(all_rounds - rounds_done);
  return fmt::format("round {}/{}  {} steps  {:.0f} steps/s{}  {} left", rounds_done, all_rounds,
                     rounds_done * steps_per_round_, so_far.steps_per_second(steps_per_round_), newest_return(so_far),
                     as_time(left));
}

void Progress::show(long rounds_done, const TrainingResult& so_far) {
  if (!enabled_) return;
  const double now = monotonic_seconds();
  const bool last = rounds_done == rounds_ + warmup_rounds_;
  if (!last && now - last_seconds_ < (rewrite_ ? kSecondsBetweenRewrites : kSecondsBetweenPlainLines)) return;
  last_seconds_ = now;
  const std::string text = line(rounds_done, so_far);
  // Clearing to the end of the line takes away what a longer line before left there.
  std::fputs(rewrite_ ? fmt::format("\r{}\033[K", text).c_str() : fmt::format("{}\n", text).c_str(), stderr);
  open_line_ = rewrite_;
}

void Progress::finish() {
  if (open_line_) std::fputs("\n", stderr);
  open_line_ = false;
}

}  // namespace prl
