// The best possible mean return of Pendulum-v1 over its 200 steps, undiscounted, from its reset distribution: by dynamic
// programming on three grids, each twice as fine as the last, and by what the greedy policy of each then collects.
// The document's mean of -119.8 is held against it.
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <new>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include <unistd.h>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "experiments/pendulum_dynamic_program.hpp"
#include "experiments/pendulum_rollouts.hpp"

namespace {

using nlohmann::ordered_json;
using prl::Estimate;
using prl::estimate_mean;
using prl::PendulumDynamicProgram;
using prl::PendulumRollouts;

constexpr std::uint64_t kSeed = 1;

struct Options {
  std::string output;
  int grid = 401;
  int actions = 41;
  int episodes = 100'000;
  double threshold = -119.8;
};

ordered_json to_json(const Estimate& estimate) {
  return {{"mean_return", estimate.mean}, {"low", estimate.low}, {"high", estimate.high}};
}

// The mean return once the luck of the starts is taken out: E V_0, known exactly on the grid, plus the mean of
// return - V_0(start), which hardly varies. The control variate's coefficient is 1.
Estimate without_start_luck(const PendulumRollouts& rollouts, double mean_initial_value) {
  std::vector<double> samples(rollouts.returns.size());
  for (std::size_t i = 0; i < samples.size(); ++i) {
    samples[i] = rollouts.returns[i] - rollouts.initial_values[i] + mean_initial_value;
  }
  return estimate_mean(samples);
}

ordered_json greedy_policy(const PendulumRollouts& rollouts, double mean_initial_value) {
  const Estimate mean = estimate_mean(rollouts.returns);
  ordered_json document = to_json(mean);
  document["episodes"] = rollouts.returns.size();
  document["standard_deviation"] = mean.standard_deviation;
  document["without_start_luck"] = to_json(without_start_luck(rollouts, mean_initial_value));
  return document;
}

ordered_json probabilities(const PendulumRollouts& rollouts, double threshold) {
  ordered_json list = ordered_json::array();
  for (const int episodes : {1, 10, 100}) {
    const double probability = prl::probability_mean_beats(rollouts.returns, episodes, threshold, kSeed);
    list.push_back({{"episodes", episodes}, {"threshold", threshold}, {"probability", probability}});
    fmt::print("mean of {:3} episodes beats {}: probability {:.5f}\n", episodes, threshold, probability);
  }
  return list;
}

// The interpolation's error is of first order in the grid's spacing, since the values have kinks: halving the spacing
// halves it, and 2 V(h/2) - V(h) is free of it. How much that moves from the coarser pair to the finer bounds what is
// left.
ordered_json extrapolate(const std::array<double, 3>& values) {
  const double coarse = 2.0 * values[1] - values[0];
  const double fine = 2.0 * values[2] - values[1];
  fmt::print("extrapolated to a grid without spacing: {:.3f}, give or take {:.3f}\n", fine, std::abs(fine - coarse));
  return {{"mean_return", fine}, {"error", std::abs(fine - coarse)}};
}

ordered_json solve(const Options& options) {
  ordered_json document{{"schema_version", 1},
                        {"kind", "pendulum_optimum"},
                        {"environment", "Pendulum-v1"},
                        {"horizon_steps", PendulumDynamicProgram::kHorizon},
                        {"grid", options.grid},
                        {"actions", options.actions},
                        {"seed", kSeed}};
  ordered_json grids = ordered_json::array();
  std::array<double, 3> values{};  // Coarsest grid first.
  for (const int parts : {4, 2, 1}) {
    const int grid = (options.grid - 1) / parts + 1;
    const PendulumDynamicProgram program(grid, options.actions);
    const double value = program.mean_initial_value();
    values[grids.size()] = value;
    const PendulumRollouts rollouts = prl::roll_out(program, static_cast<std::size_t>(options.episodes), kSeed);
    ordered_json policy = greedy_policy(rollouts, value);
    const auto& paired = policy["without_start_luck"];
    fmt::print(
        "grid {0} x {0}: interpolated value {1:.3f}, greedy policy {2:.3f} [{3:.3f}, {4:.3f}], without the luck of the "
        "starts {5:.3f} [{6:.3f}, {7:.3f}]\n",
        grid, value, policy["mean_return"].get<double>(), policy["low"].get<double>(), policy["high"].get<double>(),
        paired["mean_return"].get<double>(), paired["low"].get<double>(), paired["high"].get<double>());
    std::fflush(stdout);
    if (parts == 1) {
      document["interpolated_value"] = value;
      document["greedy_policy"] = policy;
      document["probability_mean_beats"] = probabilities(rollouts, options.threshold);
    }
    grids.push_back({{"grid", grid}, {"interpolated_value", value}, {"greedy_policy", std::move(policy)}});
  }
  document["extrapolated"] = extrapolate(values);
  document["grids"] = std::move(grids);
  return document;
}

[[noreturn]] void refuse_output(const std::string& path) {
  throw std::runtime_error(
      "cannot write " + path +
      "; expected a file in a folder that may be written to and has room; choose another --output");
}

// Before a minute of work rather than after it. Throws std::runtime_error.
void check_output(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::absolute(path).parent_path();
  const bool replaceable = !std::filesystem::exists(path) || std::filesystem::is_regular_file(path);
  if (access(folder.c_str(), W_OK) != 0 || !replaceable) refuse_output(path);
}

// The whole file or none: written beside its place under a name of its own, then renamed. Throws std::runtime_error.
void write_atomically(const ordered_json& document, const std::string& path) {
  const std::string partial = path + ".partial." + std::to_string(getpid());
  std::ofstream file(partial, std::ios::trunc);
  file << document.dump(2) << '\n';
  file.close();
  std::error_code error;
  if (file) std::filesystem::rename(partial, path, error);
  if (!file || error) {
    std::error_code ignored;
    std::filesystem::remove(partial, ignored);
    refuse_output(path);
  }
}

// Exit status 0; 1 where the work failed, 2 for bad input.
int run(int argc, char* argv[]) {
  Options options;
  CLI::App app{"The best possible mean return of Pendulum-v1 over 200 steps, by dynamic programming."};
  app.add_option("--output", options.output, "JSON file to write")->required();
  app.add_option("--grid", options.grid,
                 "points along the angle and along the speed of the finest grid; takes 804 grid^2 bytes of memory")
      ->check(CLI::Range(101, 2001))
      ->capture_default_str();
  app.add_option("--actions", options.actions, "torques, evenly from -2 to 2")
      ->check(CLI::Range(2, 1001))
      ->capture_default_str();
  app.add_option("--episodes", options.episodes, "episodes of the greedy policy")
      ->check(CLI::Range(1000, 100'000'000))
      ->capture_default_str();
  app.add_option("--threshold", options.threshold, "mean return to hold against")->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    fmt::print(stderr, "pendulum_optimum: {}; see --help\n", error.what());
    return 2;
  }
  check_output(options.output);
  write_atomically(solve(options), options.output);
  return 0;
}

}  // namespace

int main(int argc, char* argv[]) {
  try {
    return run(argc, argv);
  } catch (const std::bad_alloc&) {
    std::fputs("pendulum_optimum: out of memory; expected 804 grid^2 bytes of it; choose a smaller --grid\n", stderr);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "pendulum_optimum: %s\n", error.what());
  }
  return 1;
}
