#include "runner/progress.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace prl {
namespace {

constexpr double kSecondsBetweenPlainLines = 5.0;
constexpr double kSecondsBetweenRewrites = 0.1;

// Columns of the terminal; 80 where it does not say.
std::size_t terminal_columns() {
  winsize size{};
  const bool known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : 80;
}

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

Progress::Progress(ProgressStyle style, long rounds, int warmup_rounds)
    : enabled_(style != ProgressStyle::kNone),
      rewrite_(style == ProgressStyle::kAuto && ::isatty(STDERR_FILENO) != 0),
      rounds_(rounds),
      warmup_rounds_(warmup_rounds),
      counted_from_seconds_(monotonic_seconds()),
      last_seconds_(counted_from_seconds_) {}

Progress::~Progress() { finish(); }

std::string Progress::line(long rounds_done, const TrainingResult& so_far) const {
  const long all_rounds = rounds_ + warmup_rounds_;
  std::string text =
      fmt::format("round {}/{}  {} steps", rounds_done, all_rounds, so_far.warmup_steps + so_far.environment_steps);
  const long counted = rounds_done - warmup_rounds_;
  if (counted <= 0) return text + "  warming up";
  const double elapsed = monotonic_seconds() - counted_from_seconds_;
  const double left = elapsed / static_cast<double>(counted) * static_cast<double>(rounds_ - counted);
  return text +
         fmt::format("  {:.0f} steps/s{}  {} left", so_far.steps_per_second(), newest_return(so_far), as_time(left));
}

void Progress::show(long rounds_done, const TrainingResult& so_far) {
  if (!enabled_) return;
  const double now = monotonic_seconds();
  if (rounds_done <= warmup_rounds_) counted_from_seconds_ = now;  // Warm-up rounds say nothing about the others' time.
  const bool last = rounds_done == rounds_ + warmup_rounds_;
  if (!last && now - last_seconds_ < (rewrite_ ? kSecondsBetweenRewrites : kSecondsBetweenPlainLines)) return;
  last_seconds_ = now;
  std::string text = line(rounds_done, so_far);
  if (rewrite_) {
    // A line that the terminal wraps could not be rewritten.
    text.resize(std::min(text.size(), terminal_columns() - 1));
    // Clearing to the end of the line takes away what a longer line before left there.
    text = fmt::format("\r{}\033[K", text);
  } else {
    text += '\n';
  }
  std::fputs(text.c_str(), stderr);
  open_line_ = rewrite_;
}

void Progress::finish() {
  if (open_line_) std::fputs("\n", stderr);
  open_line_ = false;
}

}  // namespace prl
