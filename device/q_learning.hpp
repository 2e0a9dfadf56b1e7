// Tabular Q-learning on a device, of a table whose transitions are known (envs/tabular/transition_table.hpp):
//
//   Q(s, a) <- (1 - alpha_n) Q(s, a) + alpha_n (r + gamma max_{a' in A(a)} Q(s', a')),   (s', r) drawn from P(. | s, a)
//
// as algorithms/tabular/tabular_update.hpp, with subsets of the actions as there, in single precision. Two forms:
//
//   drawn   one thread an update, of a pair drawn uniformly, n the pair's count, alpha_n = n^-power. Threads meet in a
//           cell; what becomes of that is `Cells`' affair: a later store wins (updates are lost, the printed form), or
//           the cell is moved atomically (none is).
//   swept   one thread a pair, which is its only writer: every pair once a sweep, from the values of the sweep before.
//           Nothing is lost, and the same seed gives the same bits on any device.
//
// Source: Watkins and Dayan, "Q-learning" (Machine Learning 8, 1992); that updates may come in any order and from old
// values: Tsitsiklis, "Asynchronous stochastic approximation and Q-learning" (Machine Learning 16, 1994), theorem 4.
#pragma once

#include <cstdint>

#include "core/float_math.hpp"
#include "core/host_device.hpp"
#include "core/random.hpp"
#include "device/thread_index.hpp"

namespace prl {

// A transition table in flat arrays, pairs in the order s A + a; does not own them. The outcomes of a pair are
// [offsets[pair], offsets[pair + 1]), `cumulative` is their distribution function, infinite at the last.
struct DeviceTable {
  std::int32_t states = 0;
  std::int32_t actions = 0;
  const std::uint32_t* offsets = nullptr;
  const float* cumulative = nullptr;
  const std::int32_t* next_states = nullptr;
  const float* rewards = nullptr;
  const std::uint8_t* terminated = nullptr;

  PRL_HOST_DEVICE std::uint32_t pairs() const {
    return static_cast<std::uint32_t>(states) * static_cast<std::uint32_t>(actions);
  }
};

struct DeviceBootstrap {
  float gamma = 0.99F;
  std::int32_t subsets = 1;  // divides the actions; 1 is Q-learning
};

// One thread after the other, as on the host.
struct SequentialCells {
  PRL_HOST_DEVICE static float load(const float& cell) { return cell; }
  PRL_HOST_DEVICE static void move(float& cell, float target, float step) {
    cell = (1.0F - step) * cell + step * target;
  }
  // How often the pair has been updated, this time included.
  PRL_HOST_DEVICE static std::uint32_t count(std::uint32_t& visits) { return ++visits; }
};

// Draws an outcome of the pair; returns r + gamma max Q(s', .), or r where it ends the episode.
template <typename Cells>
PRL_HOST_DEVICE float draw_target(const DeviceTable& table, const DeviceBootstrap& bootstrap, const float* q,
                                  std::uint32_t pair, Rng& rng) {
  std::uint32_t outcome = table.offsets[pair];
  if (table.offsets[pair + 1] - outcome > 1) {
    const float u = rng.uniform<float>();
    while (u >= table.cumulative[outcome]) ++outcome;
  }
  const float reward = table.rewards[outcome];
  if (table.terminated[outcome] != 0) return reward;
  const std::int32_t action = static_cast<std::int32_t>(pair % static_cast<std::uint32_t>(table.actions));
  const std::int32_t width = table.actions / bootstrap.subsets;
  const std::int64_t first =
      static_cast<std::int64_t>(table.next_states[outcome]) * table.actions + action / width * width;
  float largest = Cells::load(q[first]);
  for (std::int32_t k = 1; k < width; ++k) {
    const float value = Cells::load(q[first + k]);
    largest = value > largest ? value : largest;
  }
  return reward + bootstrap.gamma * largest;
}

// Body of a kernel: update number first_update + index.global(), if index.global() < updates.
template <typename Cells>
PRL_HOST_DEVICE void update_drawn_pair(const ThreadIndex& index, const DeviceTable& table,
                                       const DeviceBootstrap& bootstrap, std::uint64_t seed, std::uint64_t first_update,
                                       std::int64_t updates, float power, float* q, std::uint32_t* visits) {
  if (index.global() >= updates) return;
  const std::uint64_t update = first_update + static_cast<std::uint64_t>(index.global());
  Rng rng(seed, RandomPurpose::kTransition, static_cast<std::uint32_t>(update >> 32),
          static_cast<std::uint32_t>(update));
  const std::uint32_t pair = rng.below(table.pairs());
  const float target = draw_target<Cells>(table, bootstrap, q, pair, rng);
  const auto count = static_cast<float>(Cells::count(visits[pair]));
  Cells::move(q[pair], target, fast_exp(-power * fast_log(count)));
}

// Body of a kernel: pair index.global() of sweep `sweep`, from the values `q` to `next`, [states, actions] each.
PRL_HOST_DEVICE inline void sweep_pair(const ThreadIndex& index, const DeviceTable& table,
                                       const DeviceBootstrap& bootstrap, std::uint64_t seed, std::uint64_t sweep,
                                       float step, const float* q, float* next) {
  if (index.global() >= static_cast<std::int64_t>(table.pairs())) return;
  const auto pair = static_cast<std::uint32_t>(index.global());
  Rng rng(seed, RandomPurpose::kTransition, pair, sweep);
  const float target = draw_target<SequentialCells>(table, bootstrap, q, pair, rng);
  next[pair] = (1.0F - step) * q[pair] + step * target;
}

}  // namespace prl
