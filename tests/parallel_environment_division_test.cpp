// Environments that move to faster workers: the division is the best there is, noise moves nothing, what is told of a change
// has its closed form, and the bytes collected are those of the serial collector whatever moves.
#include <algorithm>
#include <numeric>
#include <random>

#include "envs/registry.hpp"
#include "parallel/collect/environment_division.hpp"
#include "parallel/collect/process_collector.hpp"
#include "parallel/collect/thread_collector.hpp"
#include "tests/catch2.hpp"
#include "tests/moving_environments.hpp"

using namespace prl;
using namespace prl::test;

namespace {

double longest(const std::vector<double>& seconds_each, const std::vector<int>& counts) {
  double seconds = 0.0;
  for (std::size_t w = 0; w < counts.size(); ++w) seconds = std::max(seconds, seconds_each[w] * counts[w]);
  return seconds;
}

// The shortest round of all divisions, by trying them.
double shortest(const std::vector<double>& seconds_each, int environments) {
  const std::vector<double> others(seconds_each.begin(), seconds_each.end() - 1);
  if (others.empty()) return seconds_each.back() * environments;
  double best = 1e300;
  for (int last = 1; last <= environments - static_cast<int>(others.size()); ++last) {
    best = std::min(best, std::max(seconds_each.back() * last, shortest(others, environments - last)));
  }
  return best;
}

CollectionPlan moving_plan(int workers, int environments, int state_bytes) {
  CollectionPlan plan = fake_plan(workers, environments);
  plan.layout.state_bytes = state_bytes;
  plan.by_speed = true;
  return plan;
}

// Seconds of a round in which an environment takes each worker so long.
std::vector<WorkerSeconds> round_of(const EnvironmentDivision& division, const std::vector<double>& seconds_each) {
  std::vector<WorkerSeconds> seconds;
  for (std::size_t w = 0; w < seconds_each.size(); ++w) {
    seconds.push_back({seconds_each[w] * division.of(static_cast<int>(w)).count});
  }
  return seconds;
}

std::vector<int> counts_of(const EnvironmentDivision& division, int workers) {
  std::vector<int> counts;
  for (int w = 0; w < workers; ++w) counts.push_back(division.of(w).count);
  return counts;
}

}  // namespace

TEST_CASE("no division ends a round sooner") {
  std::mt19937 generator(3);
  std::uniform_real_distribution<double> seconds(0.1, 3.0);
  for (int trial = 0; trial < 200; ++trial) {
    std::vector<double> seconds_each(1 + generator() % 4);
    for (double& each : seconds_each) each = seconds(generator);
    const int environments = static_cast<int>(seconds_each.size() + generator() % 10);
    const std::vector<int> counts = fastest_division(seconds_each, environments);
    CHECK(*std::min_element(counts.begin(), counts.end()) >= 1);
    CHECK(std::accumulate(counts.begin(), counts.end(), 0) == environments);
    CHECK(longest(seconds_each, counts) == shortest(seconds_each, environments));
  }
}

TEST_CASE("a slow worker's environments go to the others, and what is told of it is counted") {
  const CollectionPlan plan = moving_plan(4, 16, 24);
  EnvironmentDivision division(plan);
  division.observe(round_of(division, {1.0, 1.0, 1.0, 4.0}));
  CHECK((counts_of(division, 4) == std::vector<int>{5, 5, 5, 1}));
  CHECK((division.observed_counts() == std::vector<int>{4, 4, 4, 4}));
  // Of [5, 10) it had 5, 6 and 7; of [10, 15) 10 and 11; of [15, 16) all.
  CHECK(division.message_bytes(1) == 8 + 2 * 24);
  CHECK(division.message_bytes(2) == 8 + 3 * 24);
  CHECK(division.message_bytes(3) == 8);
  CommunicationLedger ledger;
  division.count_messages(ledger);
  CHECK(ledger.of(Purpose::kControl).bytes == 3 * 8 + 5 * 24);
  CHECK(ledger.of(Purpose::kControl).messages == 3);
  division.observe(round_of(division, {1.0, 1.0, 1.0, 4.0}));
  CHECK_FALSE(division.changed(1));
  division.count_messages(ledger);
  CHECK(ledger.of(Purpose::kControl).messages == 3);
}

TEST_CASE("noise moves nothing, and a worker that becomes faster is noticed") {
  EnvironmentDivision division(moving_plan(4, 64, 24));
  std::mt19937 generator(5);
  std::uniform_real_distribution<double> noise(0.96, 1.04);
  for (int round = 0; round < 200; ++round) {
    division.observe(round_of(division, {noise(generator), noise(generator), noise(generator), noise(generator)}));
    REQUIRE((counts_of(division, 4) == std::vector<int>{16, 16, 16, 16}));
  }
  division.observe(round_of(division, {1.0, 1.0, 1.0, 20.0}));
  CHECK(division.of(3).count < 16);
  for (int round = 0; round < 30; ++round) division.observe(round_of(division, {1.0, 1.0, 1.0, 20.0}));
  CHECK(division.of(3).count == 1);
  for (int round = 0; round < 30; ++round) division.observe(round_of(division, {1.0, 1.0, 1.0, 1.0}));
  CHECK(division.of(3).count >= 15);
}

TEST_CASE("rounds that cost nothing leave no trace in the division") {
  EnvironmentDivision division(moving_plan(2, 8, 24));
  for (int round = 0; round < 10; ++round) division.observe(round_of(division, {2e-6, 1e-6}));
  CHECK(division.of(0).count == 3);
  division.observe(round_of(division, {1e-3, 3e-3}));
  CHECK(division.of(0).count == 6);
}

TEST_CASE("processes between which environments move leave the serial collector's bytes") {
  for (const EnvironmentEntry* entry : environments()) {
    const MovingRun run = moving_run(*entry, 3);
    ProcessCollector collector(run.plan, entry->actors(run.setting));
    CHECK((segments_of(collector, kMovingRounds) ==
           serial_segments(run.plan, entry->actors(run.setting), kMovingRounds)));
    CHECK(collector.worker_environments()[1] == 1);
    const std::uint64_t commands = kMovingRounds * 2 * 2;
    CHECK(collector.ledger().of(Purpose::kControl).messages > commands);
  }
}

TEST_CASE("threads between which environments move leave the serial collector's bytes") {
  for (const EnvironmentEntry* entry : environments()) {
    const MovingRun run = moving_run(*entry, 3);
    ThreadCollector collector(run.plan, entry->actors(run.setting));
    CHECK((segments_of(collector, kMovingRounds) ==
           serial_segments(run.plan, entry->actors(run.setting), kMovingRounds)));
    CHECK(collector.worker_environments()[1] == 1);
    CHECK(collector.ledger().of(Purpose::kControl).messages > 0);
  }
}

TEST_CASE("a plan by which environments cannot move is refused") {
  CollectionPlan plan = moving_plan(2, 4, 0);
  CHECK(contains(error_of([&] { ThreadCollector(plan, fake_actors(plan.parameter_count)); }), "keep their states"));
}
