#include "runner/tabular/tabular_command.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdio>

#include "runner/atomic_file.hpp"
#include "runner/commands.hpp"
#include "runner/interrupt.hpp"
#include "runner/mpi_launch.hpp"
#include "runner/tabular/tabular_record.hpp"

namespace prl {
namespace {

constexpr double kSecondsBetweenLines = 5.0;

void print_summary(const TabularConfiguration& c, const TabularResult& result) {
  fmt::print("{} {} {} W={} {} {}: {} updates, {:.0f} updates/s, ||Q - Q*|| {:.3g} (largest |Q*| {:.3g})",
             name_of(c.setting.rule), c.environment, name_of(c.collect), c.workers, name_of(c.experience),
             name_of(c.agreement), result.updates, result.updates_per_second(), result.error,
             result.goal.largest_value);
  if (c.setting.subsets > 1) {
    fmt::print(", own equation {:.3g} off Q*, {:.3g} from it", result.goal.own_bias, result.own_error);
  }
  fmt::print("\n");
}

}  // namespace

int run_train_tabular(const TabularOptions& options, const std::vector<std::string>& arguments) {
  const TabularConfiguration configuration = configure(options);
  if (launched_ranks() > 1) {
    throw UsageError(
        fmt::format("started by a launcher with {} ranks: tabular rules have none; start prl without the "
                    "launcher",
                    launched_ranks()));
  }
  if (!options.record.empty()) check_writable(options.record);
  double last_line_seconds = monotonic_seconds();
  const TabularResult result = run_tabular(configuration, stop_requested(), [&](const TabularPoint& point) {
    if (options.progress == ProgressStyle::kNone || monotonic_seconds() - last_line_seconds < kSecondsBetweenLines) {
      return;
    }
    last_line_seconds = monotonic_seconds();
    fmt::print(stderr, "{} of {} steps  ||Q - Q*|| {:.3g}\n", point.steps, configuration.steps, point.error);
  });
  if (!options.record.empty()) {
    const std::string command = fmt::format("prl {}", fmt::join(arguments, " "));
    const Json record = tabular_record_json(command, configuration, describe_machine(), result);
    write_file_atomically(options.record, record.dump(1) + "\n");
  }
  if (options.progress != ProgressStyle::kNone) print_summary(configuration, result);
  return result.interrupted ? kExitInterrupted : 0;
}

}  // namespace prl
