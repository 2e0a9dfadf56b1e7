// Checks the GPU kernels against the processor and times them: gpu_kernels [host]. With `host` the processor takes the
// device's place, at sizes for it: what of this program can be tried without a GPU.
//
// Prints JSON in the form of Google Benchmark's documents ("context", "benchmarks"), times by the device's own events,
// the median of the launches that follow a first one. Exit status 1 where a check fails, 3 where there is no device.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/network_layout.hpp"
#include "core/random.hpp"
#include "device/cuda_device.hpp"
#include "device/policy_rollout_run.hpp"
#include "device/q_learning_run.hpp"
#include "device/random_step_run.hpp"
#include "envs/registry.hpp"
#include "envs/tabular/optimal_values.hpp"
#include "envs/tabular/random_mdp.hpp"

namespace {

constexpr std::uint64_t kSeed = 11;

// What runs where.
struct Place {
  bool host = false;

  auto random_steps(std::string_view environment, int count) const {
    return host ? prl::random_steps_on_host(environment, kSeed, count)
                : prl::random_steps_on_device(environment, kSeed, count);
  }
  auto rollouts(const prl::PolicyRolloutSetting& setting, const prl::NetworkLayout& layout) const {
    return host ? prl::policy_rollouts_on_host(setting, layout, prl::ThreadOrder::kBackwards)
                : prl::policy_rollouts_on_device(setting, layout);
  }
  auto q_learning(const prl::FlatTable& table, const prl::QLearningSetting& setting) const {
    return host ? prl::q_learning_on_host(table, setting) : prl::q_learning_on_device(table, setting);
  }
};

// One line of the document's list.
class Report {
 public:
  void time(const std::string& name, double seconds, const std::string& rate, double amount) {
    add("{\"name\": \"" + name + "\", \"run_type\": \"iteration\", \"real_time\": " + text(seconds * 1e9) +
        ", \"time_unit\": \"ns\", \"" + rate + "\": " + text(amount / seconds) + "}");
  }
  // `difference`: 0 where the bits are the processor's.
  void check(const std::string& name, bool good, double difference) {
    all_good_ = all_good_ && good;
    add("{\"name\": \"check/" + name + "\", \"run_type\": \"check\", \"error_occurred\": " + (good ? "false" : "true") +
        ", \"error_message\": \"differs from the processor\", \"difference\": " + text(difference) +
        ", \"real_time\": 0, \"time_unit\": \"ns\"}");
  }
  bool print(const std::string& context) const {
    std::printf("{\"context\": %s,\n \"benchmarks\": [\n", context.c_str());
    for (std::size_t n = 0; n < lines_.size(); ++n) {
      std::printf("  %s%s\n", lines_[n].c_str(), n + 1 < lines_.size() ? "," : "");
    }
    std::printf(" ]}\n");
    return all_good_;
  }

 private:
  static std::string text(double number) {
    char buffer[32];
    std::snprintf(buffer, sizeof buffer, "%.9g", number);
    return buffer;
  }
  void add(std::string line) { lines_.push_back(std::move(line)); }

  std::vector<std::string> lines_;
  bool all_good_ = true;
};

double median_of(int launches, const std::function<double()>& launch) {
  launch();
  std::vector<double> seconds;
  for (int n = 0; n < launches; ++n) seconds.push_back(launch());
  std::sort(seconds.begin(), seconds.end());
  return seconds[seconds.size() / 2];
}

double largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  double largest = 0.0;
  for (std::size_t n = 0; n < a.size(); ++n) {
    const double apart = std::abs(static_cast<double>(a[n]) - static_cast<double>(b[n]));
    largest = apart <= largest ? largest : apart;  // a NaN stays
  }
  return largest;
}

prl::NetworkLayout network_of(const prl::EnvironmentInfo& info) {
  prl::NetworkSpec spec;
  spec.observation_size = info.observation_size;
  spec.head_size = info.head_size;
  spec.action_kind = info.discrete ? prl::ActionKind::kDiscrete : prl::ActionKind::kContinuous;
  spec.hidden = {64, 64};
  spec.shared_trunk = false;
  return prl::NetworkLayout(spec);
}

// Normal, with the scale that keeps activations within the slopes of tanh.
std::vector<float> parameters_of(const prl::NetworkLayout& layout) {
  std::vector<float> parameters(layout.parameter_count);
  prl::Rng rng(kSeed, prl::RandomPurpose::kInitialisation, 0, 0);
  for (float& x : parameters) x = 0.15F * rng.normal();
  return parameters;
}

void check_random_steps(const Place& place, Report& report, const prl::EnvironmentInfo& info) {
  constexpr int kCount = 1000;
  const auto expected = prl::random_steps_on_host(info.name, kSeed, kCount);
  const auto seen = place.random_steps(info.name, kCount);
  for (const int steps : {3, 700}) {
    expected->take(steps);
    seen->take(steps);
  }
  const prl::RandomStepOutcome a = expected->outcome(), b = seen->outcome();
  report.check("random_steps/" + std::string(info.name), a == b, largest_difference(a.states, b.states));
}

void check_rollouts(const Place& place, Report& report, const prl::EnvironmentInfo& info) {
  const prl::NetworkLayout layout = network_of(info);
  const std::vector<float> parameters = parameters_of(layout);
  const prl::PolicyRolloutSetting setting{info.name, kSeed, 300, 110};
  const auto expected = prl::policy_rollouts_on_host(setting, layout);
  const auto seen = place.rollouts(setting, layout);
  for (int segment = 0; segment < 2; ++segment) {
    expected->collect(parameters.data());
    seen->collect(parameters.data());
  }
  const prl::TimeMajorSegment &a = expected->segment(), &b = seen->segment();
  const auto floats = static_cast<std::size_t>(
      prl::segment_floats(setting.steps, setting.environments, a.observation_size, a.action_size));
  const std::vector<float> all(a.observations, a.observations + floats),
      others(b.observations, b.observations + floats);
  const bool same_ends = std::equal(a.ends, a.ends + a.rows(), b.ends);
  report.check("rollout_64x64/" + std::string(info.name), all == others && same_ends, largest_difference(all, others));
}

void check_returns(const Place& place, Report& report) {
  const prl::EnvironmentInfo info = prl::find_environment("CartPole-v1")->info();
  const prl::NetworkLayout layout = network_of(info);
  const std::vector<float> parameters = parameters_of(layout);
  const prl::PolicyRolloutSetting setting{info.name, kSeed, 300, 110};
  const auto expected = prl::policy_rollouts_on_host(setting, layout);
  const auto seen = place.rollouts(setting, layout);
  expected->collect(parameters.data());
  seen->collect(parameters.data());
  std::vector<float> log_ratios(expected->segment().rows());
  prl::Rng rng(kSeed, prl::RandomPurpose::kInitialisation, 1, 0);
  for (float& x : log_ratios) x = 0.3F * rng.normal();
  const auto compare = [&](const char* name, const prl::SegmentReturns& a, const prl::SegmentReturns& b) {
    report.check(name, a.advantages == b.advantages && a.targets == b.targets,
                 std::max(largest_difference(a.advantages, b.advantages), largest_difference(a.targets, b.targets)));
  };
  compare("generalised_advantage", expected->generalised_advantage(0.99F, 0.95F),
          seen->generalised_advantage(0.99F, 0.95F));
  compare("vtrace", expected->vtrace(log_ratios.data(), {}), seen->vtrace(log_ratios.data(), {}));
}

void check_q_learning(const Place& place, Report& report) {
  const prl::TransitionTable table = prl::random_mdp({64, 16, 4, 3});
  const prl::FlatTable flat(table);
  for (const int subsets : {1, 4}) {
    const prl::QLearningSetting setting{{0.8F, subsets}, kSeed, 0.8F};
    const std::string of = "/subsets:" + std::to_string(subsets);
    const auto expected = prl::q_learning_on_host(flat, setting), swept = place.q_learning(flat, setting);
    expected->sweep(1000);
    swept->sweep(1000);
    report.check("q_learning_swept" + of, expected->values() == swept->values(),
                 largest_difference(expected->values(), swept->values()));
    const std::vector<double> solution = prl::optimal_values(table, 0.8, subsets).q;
    const std::vector<float> solved(solution.begin(), solution.end());
    for (const prl::CellMeeting meeting : {prl::CellMeeting::kLaterWins, prl::CellMeeting::kAtomic}) {
      const auto drawn = place.q_learning(flat, setting);
      for (int batch = 0; batch < 1000; ++batch) drawn->draw(3072, meeting);
      const double apart = largest_difference(drawn->values(), solved);
      // The bound is that of tests/device_q_learning_test.cpp. Where updates are lost on purpose, the distance is a
      // finding and no check.
      const bool judged = meeting == prl::CellMeeting::kAtomic;
      report.check(std::string("q_learning_") + (judged ? "atomic" : "later_wins") + of, !judged || apart < 0.2, apart);
    }
  }
}

void time_environments(const Place& place, Report& report, const prl::EnvironmentInfo& info) {
  const int steps = place.host ? 20 : 1000;
  for (const int count : place.host ? std::vector{1 << 10} : std::vector{1 << 14, 1 << 17, 1 << 20, 1 << 22}) {
    const auto run = place.random_steps(info.name, count);
    const double seconds = median_of(5, [&] { return run->take(steps); });
    report.time("random_steps/" + std::string(info.name) + "/environments:" + std::to_string(count), seconds, "steps/s",
                static_cast<double>(count) * steps);
  }
  const prl::NetworkLayout layout = network_of(info);
  const std::vector<float> parameters = parameters_of(layout);
  for (const int count : place.host ? std::vector{128} : std::vector{1 << 12, 1 << 15, 1 << 17}) {
    const prl::PolicyRolloutSetting setting{info.name, kSeed, count, place.host ? 4 : 128};
    const auto run = place.rollouts(setting, layout);
    const double seconds = median_of(5, [&] { return run->collect(parameters.data()); });
    const std::string of = std::string(info.name) + "/environments:" + std::to_string(count);
    report.time("rollout_64x64/" + of, seconds, "steps/s", static_cast<double>(count) * setting.steps);
    report.time("generalised_advantage/" + of,
                median_of(5, [&] { return run->generalised_advantage(0.99F, 0.95F).seconds; }), "steps/s",
                static_cast<double>(count) * setting.steps);
    const double copying = median_of(3, [&] {
      const auto begin = std::chrono::steady_clock::now();
      (void)run->segment();
      return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    });
    report.time("copy_to_host/" + of, copying, "steps/s", static_cast<double>(count) * setting.steps);
  }
}

void time_q_learning(const Place& place, Report& report) {
  for (const int states : place.host ? std::vector{16} : std::vector{16, 4096, 1000000}) {
    const prl::TransitionTable table = prl::random_mdp({states, 4, 4, 3});
    const auto run = place.q_learning(prl::FlatTable(table), {{0.9F, 1}, kSeed, 0.8F});
    const auto pairs = static_cast<double>(table.pairs());
    const std::string of = "/states:" + std::to_string(states);
    const int sweeps = 20;
    report.time("q_learning_swept" + of, median_of(5, [&] { return run->sweep(sweeps); }), "updates/s", pairs * sweeps);
    const std::int64_t updates = place.host ? 1 << 12 : 1 << 22;
    for (const prl::CellMeeting meeting : {prl::CellMeeting::kLaterWins, prl::CellMeeting::kAtomic}) {
      report.time(std::string("q_learning_") + (meeting == prl::CellMeeting::kAtomic ? "atomic" : "later_wins") + of,
                  median_of(5, [&] { return run->draw(updates, meeting); }), "updates/s", static_cast<double>(updates));
    }
  }
}

int check_and_time(const Place& place, const std::string& context) {
  Report report;
  for (const prl::EnvironmentEntry* entry : prl::environments()) {
    check_random_steps(place, report, entry->info());
    check_rollouts(place, report, entry->info());
  }
  check_returns(place, report);
  check_q_learning(place, report);
  for (const prl::EnvironmentEntry* entry : prl::environments()) time_environments(place, report, entry->info());
  time_q_learning(place, report);
  return report.print(context) ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const Place place{argc == 2 && std::string(argv[1]) == "host"};
  if (argc > 1 && !place.host) {
    std::fprintf(stderr, "gpu_kernels: '%s' is no argument: give none, or host\n", argv[1]);
    return 2;
  }
  const prl::CudaDeviceAnswer answer = prl::find_cuda_device();
  if (!place.host && !answer.device) {
    std::fprintf(stderr, "not run: %s\n", answer.reason.c_str());
    return 3;
  }
  try {
    const std::string toolkit(prl::cuda_toolkit_version());
    return check_and_time(
        place, place.host
                   ? "{\"device\": \"the processor in the device's place\", \"cuda\": \"" + toolkit + "\"}"
                   : "{\"device\": \"" + answer.device->name + "\", \"driver\": \"" + answer.device->driver +
                         "\", \"capability\": \"" + answer.device->capability + "\", \"cuda\": \"" + toolkit + "\"}");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "gpu_kernels: %s\n", error.what());
    return 1;
  }
}
