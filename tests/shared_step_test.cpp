// Optimisers' steps on parameters that several learners share: the bits of their own steps where nobody interferes, by
// hand where two interleave, one count of updates for all, and no race.
#include <cmath>
#include <cstddef>
#include <thread>
#include <vector>

#include "algorithms/optimiser.hpp"
#include "tests/catch2.hpp"
#include "tests/network_cases.hpp"

using prl::AlignedBuffer;
using prl::Optimiser;
using prl::OptimiserKind;
using prl::OptimiserSetting;

namespace {

// Neither a multiple of a block nor even.
constexpr std::size_t kCount = 1337;

// Parameters with their averages, outside of any shared memory.
struct SharedCells {
  explicit SharedCells(std::size_t count)
      : parameter_cells(prl::RelaxedFloats::cells_for(count)),
        first_cells(parameter_cells.size()),
        second_cells(parameter_cells.size()),
        shared{prl::RelaxedFloats(parameter_cells),
               {prl::RelaxedFloats(first_cells), prl::RelaxedFloats(second_cells)},
               &updates,
               &rounds} {}

  std::vector<float> parameters(std::size_t count = kCount) const {
    std::vector<float> values(count);
    shared.parameters.load(0, values);
    return values;
  }

  std::vector<prl::FloatPair> parameter_cells;
  std::vector<prl::FloatPair> first_cells;
  std::vector<prl::FloatPair> second_cells;
  std::atomic<std::uint64_t> updates{0};
  std::atomic<std::uint64_t> rounds{0};
  prl::SharedParameters shared;
};

OptimiserSetting setting_of(OptimiserKind kind) {
  OptimiserSetting setting;
  setting.kind = kind;
  setting.learning_rate = 0.01F;
  setting.anneal_learning_rate = true;
  return setting;
}

void update(Optimiser& optimiser, std::span<float> parameters, std::uint32_t number) {
  const AlignedBuffer<float> gradient = prl::test::random_normals(kCount, 10 + number);
  optimiser.step({0, kCount}, parameters, gradient.span(), prl::square_sum(gradient.span()));
  optimiser.finish_update();
  optimiser.finish_round();
}

std::vector<float> stepped_alone(OptimiserKind kind, std::uint32_t updates) {
  AlignedBuffer<float> parameters = prl::test::random_normals(kCount, 1);
  Optimiser optimiser(kCount, setting_of(kind), 100);
  for (std::uint32_t u = 0; u < updates; ++u) update(optimiser, parameters.span(), u);
  return {parameters.data(), parameters.data() + kCount};
}

}  // namespace

TEST_CASE("Relaxed floats hold what was stored, in parts that end with an odd one too") {
  std::vector<prl::FloatPair> cells(prl::RelaxedFloats::cells_for(7));
  const prl::RelaxedFloats floats(cells);
  floats.store(0, std::vector<float>{1, 2, 3, 4, 5, 6, 7});
  floats.store(4, std::vector<float>{-5, -6, -7});
  floats.store(2, std::vector<float>{-3, -4});
  std::vector<float> values(7);
  floats.load(0, values);
  CHECK(values == std::vector<float>{1, 2, -3, -4, -5, -6, -7});
  std::vector<float> last(3);
  floats.load(4, last);
  CHECK(last == std::vector<float>{-5, -6, -7});
}

TEST_CASE("Learners that take turns on shared parameters make the steps of one, bit by bit") {
  for (const OptimiserKind kind : {OptimiserKind::kRmsProp, OptimiserKind::kAdam}) {
    SharedCells cells(kCount);
    cells.shared.parameters.store(0, prl::test::random_normals(kCount, 1).span());
    Optimiser first(kCount, setting_of(kind), 100, &cells.shared);
    Optimiser second(kCount, setting_of(kind), 100, &cells.shared);
    // Three of the first, then one of each in turn: a learner's step size is as old as its own last round.
    for (std::uint32_t u = 0; u < 3; ++u) update(first, {}, u);
    CHECK(cells.parameters() == stepped_alone(kind, 3));
    CHECK(cells.rounds.load() == 3);
    CHECK(cells.updates.load() == (kind == OptimiserKind::kAdam ? 3 : 0));
  }
}

TEST_CASE("Of two RMSProp steps the second divides by averages that have both gradients, in either order") {
  constexpr double kRate = 0.01;
  for (const bool swapped : {false, true}) {
    SharedCells cells(1);
    OptimiserSetting setting = setting_of(OptimiserKind::kRmsProp);
    setting.max_gradient_norm = 0.0F;
    Optimiser first(1, setting, 100, &cells.shared);
    Optimiser second(1, setting, 100, &cells.shared);
    const std::vector<float> gradients = swapped ? std::vector<float>{-2.0F, 0.5F} : std::vector<float>{0.5F, -2.0F};
    first.step({0, 1}, {}, std::span(gradients).first(1), 0.0);
    second.step({0, 1}, {}, std::span(gradients).last(1), 0.0);
    double theta = 0.0;
    double average = 0.0;
    for (const float gradient : gradients) {
      const auto g = static_cast<double>(gradient);
      average = 0.99 * average + 0.01 * g * g;
      theta -= kRate * g / std::sqrt(average + 1e-5);
    }
    CHECK(std::abs(static_cast<double>(cells.parameters(1)[0]) - theta) < 1e-6 * std::abs(theta));
  }
}

TEST_CASE("Adam's correction of its moments counts the updates of all that share them") {
  SharedCells cells(1);
  OptimiserSetting setting = setting_of(OptimiserKind::kAdam);
  setting.max_gradient_norm = 0.0F;
  setting.adam.epsilon = 1e-12F;
  const std::vector<float> gradient = {3.0F};
  // Under a constant gradient corrected moments make every step as long as the step size, if and only if t is right.
  for (int u = 0; u < 4; ++u) {
    Optimiser another(1, setting, 100, &cells.shared);
    another.step({0, 1}, {}, gradient, 0.0);
    another.finish_update();
    CHECK(std::abs(static_cast<double>(cells.parameters(1)[0]) + 0.01 * (u + 1)) < 1e-7);
  }
}

TEST_CASE("The step size is annealed by the rounds of all learners") {
  SharedCells cells(1);
  OptimiserSetting setting = setting_of(OptimiserKind::kAdam);
  setting.adam.epsilon = 1e-12F;
  setting.max_gradient_norm = 0.0F;
  Optimiser first(1, setting, 4, &cells.shared);
  Optimiser second(1, setting, 4, &cells.shared);
  second.finish_round();
  second.finish_round();
  first.finish_round();  // the third of four
  const std::vector<float> gradient = {1.0F};
  first.step({0, 1}, {}, gradient, 0.0);
  CHECK(std::abs(static_cast<double>(cells.parameters(1)[0]) + 0.01 / 4) < 1e-8);
}

TEST_CASE("Threads that take turns lose no step") {
  constexpr std::uint32_t kUpdates = 200;
  OptimiserSetting setting = setting_of(OptimiserKind::kRmsProp);
  setting.anneal_learning_rate = false;
  SharedCells cells(kCount);
  std::atomic<std::uint32_t> turn{0};
  std::vector<std::thread> threads;
  for (std::uint32_t own = 0; own < 2; ++own) {
    threads.emplace_back([&, own] {
      Optimiser optimiser(kCount, setting, 100, &cells.shared);
      for (std::uint32_t u = own; u < kUpdates; u += 2) {
        while (turn.load() != u) std::this_thread::yield();
        update(optimiser, {}, u);
        turn.store(u + 1);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  AlignedBuffer<float> expected(kCount);
  Optimiser alone(kCount, setting, 100);
  for (std::uint32_t u = 0; u < kUpdates; ++u) update(alone, expected.span(), u);
  CHECK(cells.parameters() == std::vector<float>(expected.data(), expected.data() + kCount));
}

TEST_CASE("Threads that step at the same time leave each parameter a number that steps can reach") {
  constexpr int kUpdates = 300;
  SharedCells cells(kCount);
  OptimiserSetting setting = setting_of(OptimiserKind::kAdam);
  setting.anneal_learning_rate = false;
  setting.max_gradient_norm = 0.0F;
  std::vector<std::thread> threads;
  for (int own = 0; own < 2; ++own) {
    threads.emplace_back([&] {
      const std::vector<float> gradient(kCount, 2.0F);
      Optimiser optimiser(kCount, setting, 100, &cells.shared);
      for (int u = 0; u < kUpdates; ++u) {
        optimiser.step({0, kCount}, {}, gradient, 0.0);
        optimiser.finish_update();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(cells.updates.load() == 2 * kUpdates);
  // All gradients point one way: at least one thread's last step is kept, at most all steps of at most twice the step size
  // (moments and t may be of different steps).
  for (const float parameter : cells.parameters()) {
    REQUIRE(parameter < -0.009F);
    REQUIRE(parameter > -0.01F * 2 * kUpdates * 2);
  }
}
