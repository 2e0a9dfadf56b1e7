// Q-learning of a whole table, a launch a sweep or a batch of drawn updates, on the device or on the host.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "device/q_learning.hpp"
#include "envs/tabular/transition_table.hpp"

namespace prl {

// A transition table's arrays in single precision.
class FlatTable {
 public:
  explicit FlatTable(const TransitionTable& table);

  DeviceTable view() const;

  std::int32_t states = 0;
  std::int32_t actions = 0;
  std::vector<std::uint32_t> offsets;
  std::vector<float> cumulative;
  std::vector<std::int32_t> next_states;
  std::vector<float> rewards;
  std::vector<std::uint8_t> terminated;
};

struct QLearningSetting {
  DeviceBootstrap bootstrap;
  std::uint64_t seed = 0;
  float power = 0.8F;  // the n-th step is n^-power; 0: always 1
};

// How updates that meet in a cell go: as printed, where the later store wins, or atomically.
enum class CellMeeting { kLaterWins, kAtomic };

// Values start at 0. A run is either drawn or swept: the two count differently.
class QLearningRun {
 public:
  virtual ~QLearningRun() = default;

  // Each returns the seconds of its kernels, on the device by its own events. Throw DeviceError.
  virtual double draw(std::int64_t updates, CellMeeting meeting) = 0;
  virtual double sweep(int sweeps) = 0;

  virtual std::vector<float> values() const = 0;
};

std::unique_ptr<QLearningRun> q_learning_on_host(const FlatTable& table, const QLearningSetting& setting);
// Throws DeviceError where there is no device or too little memory.
std::unique_ptr<QLearningRun> q_learning_on_device(const FlatTable& table, const QLearningSetting& setting);

}  // namespace prl
