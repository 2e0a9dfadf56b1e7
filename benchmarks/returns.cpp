// What turns a trajectory's rewards and values into targets, by its length: a trajectory of one environment that ends an
// episode every 100 steps.
//
//   returns/RULE/T     RULE is gae, vtrace or discounted (rewards to go); T the steps of the trajectory
#include <cstdint>
#include <string>
#include <vector>

#include "algorithms/discounted_returns.hpp"
#include "algorithms/generalised_advantage.hpp"
#include "algorithms/vtrace.hpp"
#include "benchmarks/harness.hpp"
#include "core/episode_end.hpp"
#include "core/random.hpp"

namespace prl {
namespace {

struct Columns {
  explicit Columns(std::size_t steps)
      : rewards(steps),
        values(steps),
        bootstrap(steps, 0.0F),
        log_ratios(steps),
        ends(steps, 0),
        advantages(steps),
        returns(steps) {
    Rng rng(1, RandomPurpose::kAction, 0, 0);
    for (std::size_t t = 0; t < steps; ++t) {
      rewards[t] = rng.normal();
      values[t] = rng.normal();
      log_ratios[t] = 0.1F * rng.normal();
      if (t % 100 == 99) ends[t] = kTerminated;
    }
  }

  TrajectoryView view() {
    TrajectoryView view;
    view.rewards = rewards.data();
    view.values = values.data();
    view.bootstrap = bootstrap.data();
    view.ends = ends.data();
    return view;
  }

  std::vector<float> rewards, values, bootstrap, log_ratios;
  std::vector<std::uint8_t> ends;
  std::vector<float> advantages, returns;
};

// Calls `compute(columns, steps)` on a trajectory of each length.
template <typename Compute>
void register_rule(const std::string& rule, Compute compute) {
  for (const int steps : {16, 128, 1024, 8192}) {
    benchmark::RegisterBenchmark(("returns/" + rule + "/" + std::to_string(steps)).c_str(),
                                 [steps, compute](benchmark::State& state) {
                                   Columns columns(static_cast<std::size_t>(steps));
                                   for (auto _ : state) {
                                     compute(columns, steps);
                                     benchmark::ClobberMemory();
                                   }
                                   set_rate(state, "steps/s", static_cast<double>(state.iterations()) * steps);
                                 });
  }
}

}  // namespace
}  // namespace prl

int main(int argc, char** argv) {
  prl::register_rule("gae", [](prl::Columns& c, int steps) {
    prl::generalised_advantage(c.view(), steps, 0.99F, 0.95F, c.advantages, c.returns);
  });
  prl::register_rule("vtrace", [](prl::Columns& c, int steps) {
    prl::vtrace({c.rewards.data(), c.ends.data(), c.log_ratios.data(), c.values.data(), c.bootstrap.data()}, steps, {},
                c.returns, c.advantages);
  });
  prl::register_rule("discounted", [](prl::Columns& c, int steps) {
    prl::discounted_returns(c.view(), steps, 0.99F, prl::ReturnKind::kRewardToGo, c.returns);
  });
  return prl::run_benchmarks(argc, argv);
}
