// Segments of several workers that come in any order, or are lost, give the transitions of their environments.
#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <vector>

#include "envs/cartpole.hpp"
#include "tests/catch2.hpp"
#include "tests/dqn_cases.hpp"

namespace {

using prl::CartPole;
using prl::SegmentView;
using prl::test::DqnCase;
using prl::test::is_step_of;
using prl::test::newest_slots;
using prl::test::OwnedDqn;
using prl::test::small_case;

// The replay's transitions as rows of floats, in an order that does not depend on that of their coming.
std::vector<std::vector<float>> sorted_transitions(const prl::NetworkSpec& network, const prl::ReplayBuffer& replay) {
  prl::TransitionColumns all(network, replay.size());
  replay.gather(newest_slots(replay, replay.size()), all);
  const auto size = static_cast<std::size_t>(network.observation_size);
  std::vector<std::vector<float>> rows;
  for (std::size_t r = 0; r < static_cast<std::size_t>(replay.size()); ++r) {
    rows.push_back({all.actions[r], all.rewards[r], all.discounts[r]});
    for (std::size_t k = 0; k < size; ++k) rows.back().push_back(all.observations[r * size + k]);
    for (std::size_t k = 0; k < size; ++k) rows.back().push_back(all.next_observations[r * size + k]);
  }
  std::sort(rows.begin(), rows.end());
  return rows;
}

// One worker's environments, whose segments come when the test says.
class Worker {
 public:
  Worker(const DqnCase& c, int first, int count)
      : bytes_(layout_of(c).block_bytes() * static_cast<std::size_t>(count)),
        view_(layout_of(c), bytes_.data(), first, count),
        actor_({prl::NetworkLayout(c.network), prl::test::kRunSeed, {}, {.kind = prl::Exploration::kScheduled}}, first,
               count) {}

  const SegmentView& next(const float* parameters) {
    const std::atomic<bool> stop{false};
    actor_.collect(parameters, view_, stop);
    return view_;
  }

 private:
  static prl::SegmentLayout layout_of(const DqnCase& c) {
    prl::SegmentLayout layout = prl::test::segment_layout(c.network, c.steps);
    layout.cut_rows = prl::most_cuts(c.steps, CartPole<float>::kTimeLimit);
    return layout;
  }

  prl::AlignedBuffer<std::byte> bytes_;
  SegmentView view_;
  prl::RolloutActor<CartPole<float>> actor_;
};

// Of two workers with two and three environments.
DqnCase two_workers() {
  DqnCase c = small_case<CartPole<float>>();
  c.environments = 5;
  c.steps = 7;
  c.setting.n_step = 3;
  c.setting.replay_capacity = 10'000;
  return c;
}

}  // namespace

TEST_CASE("Segments of workers in any order give the transitions that whole rounds give") {
  const DqnCase c = two_workers();
  OwnedDqn in_rounds(c);
  OwnedDqn by_arrival(c);
  Worker whole(c, 0, 5);
  constexpr int kSegments = 8;
  for (int round = 0; round < kSegments; ++round) in_rounds.learner().ingest(whole.next(in_rounds.parameters()));
  std::array<Worker, 2> workers = {Worker(c, 0, 2), Worker(c, 2, 3)};
  for (const std::size_t worker : {1, 1, 0, 1, 0, 0, 0, 1, 1, 1, 0, 1, 0, 0, 1, 0}) {
    by_arrival.learner().ingest(workers[worker].next(by_arrival.parameters()));
  }
  const auto expected = sorted_transitions(c.network, in_rounds.learner().replay(0));
  CHECK(expected.size() >= kSegments * 5 * 7 - 5 * 3);
  CHECK(sorted_transitions(c.network, by_arrival.learner().replay(0)) == expected);
}

TEST_CASE("Updates of segments in any order follow the steps that all workers took") {
  DqnCase c = two_workers();
  c.setting.train_every = 10;
  c.setting.learning_starts = 40;
  c.setting.batch = 8;
  OwnedDqn own(c);
  std::array<Worker, 2> workers = {Worker(c, 0, 2), Worker(c, 2, 3)};
  long steps = 0;
  for (const std::size_t worker : {0, 0, 0, 1, 1, 0, 1, 0, 1}) {
    const long before = steps;
    steps += worker == 0 ? 14 : 21;
    CAPTURE(before, steps);
    CHECK(own.learn(workers[worker].next(own.parameters())) == (steps < 40 ? 0 : steps / 10 - before / 10));
  }
}

TEST_CASE("No transition reaches over steps that were lost") {
  DqnCase c = two_workers();
  c.setting.n_step = 1;
  OwnedDqn own(c);
  std::array<Worker, 2> workers = {Worker(c, 0, 2), Worker(c, 2, 3)};
  for (int segment = 0; segment < 6; ++segment) {
    own.learner().ingest(workers[0].next(own.parameters()));
    own.learner().ingest(workers[1].next(own.parameters()));
    if (segment % 2 == 0) continue;
    workers[1].next(own.parameters());
    own.learner().lose_steps(2, 3);
  }
  const prl::ReplayBuffer& replay = own.learner().replay(0);
  prl::TransitionColumns all(c.network, replay.size());
  replay.gather(newest_slots(replay, replay.size()), all);
  int wrong = 0;
  for (std::size_t row = 0; row < static_cast<std::size_t>(replay.size()); ++row) {
    wrong += !is_step_of<CartPole<float>>(all.observations.data() + row * 4, all.actions[row], all.rewards[row],
                                          all.discounts[row], all.next_observations.data() + row * 4, c.setting.gamma);
  }
  CHECK(wrong == 0);
  // All steps but those that three losses and the end of five environments left without a next one, at the most.
  CHECK(replay.size() >= 6 * 5 * 7 - 3 * 3 - 5);
}
