// The host's form: the kernels' bodies, thread after thread, in which nothing meets.
#include "device/q_learning_run.hpp"

#include <chrono>
#include <cstddef>
#include <limits>

namespace prl {
namespace {

constexpr int kBlockThreads = 128;

class HostRun final : public QLearningRun {
 public:
  HostRun(const FlatTable& table, const QLearningSetting& setting)
      : table_(table), setting_(setting), q_(table_.view().pairs()), next_(q_.size()), visits_(q_.size()) {}

  double draw(std::int64_t updates, CellMeeting) override {
    const auto begin = std::chrono::steady_clock::now();
    for_each_thread(covering_blocks(updates, kBlockThreads), kBlockThreads, [&](const ThreadIndex& index) {
      update_drawn_pair<SequentialCells>(index, table_.view(), setting_.bootstrap, setting_.seed, updates_, updates,
                                         setting_.power, q_.data(), visits_.data());
    });
    updates_ += static_cast<std::uint64_t>(updates);
    return seconds_since(begin);
  }

  double sweep(int sweeps) override {
    const auto begin = std::chrono::steady_clock::now();
    for (int n = 0; n < sweeps; ++n, ++sweeps_) {
      const float step = fast_exp(-setting_.power * fast_log(static_cast<float>(sweeps_ + 1)));
      for_each_thread(
          covering_blocks(table_.view().pairs(), kBlockThreads), kBlockThreads, [&](const ThreadIndex& index) {
            sweep_pair(index, table_.view(), setting_.bootstrap, setting_.seed, sweeps_, step, q_.data(), next_.data());
          });
      q_.swap(next_);
    }
    return seconds_since(begin);
  }

  std::vector<float> values() const override { return q_; }

 private:
  static double seconds_since(std::chrono::steady_clock::time_point begin) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  }

  FlatTable table_;
  QLearningSetting setting_;
  std::uint64_t updates_ = 0;
  std::uint64_t sweeps_ = 0;
  std::vector<float> q_;
  std::vector<float> next_;
  std::vector<std::uint32_t> visits_;
};

}  // namespace

FlatTable::FlatTable(const TransitionTable& table) : states(table.states()), actions(table.actions()) {
  for (std::size_t pair = 0; pair < table.pairs(); ++pair) {
    offsets.push_back(static_cast<std::uint32_t>(cumulative.size()));
    double sum = 0.0;
    for (std::size_t n = table.first_outcome(pair); n < table.first_outcome(pair + 1); ++n) {
      const TableOutcome outcome = table.outcome(n);
      sum += outcome.probability;
      const bool last = n + 1 == table.first_outcome(pair + 1);
      cumulative.push_back(last ? std::numeric_limits<float>::infinity() : static_cast<float>(sum));
      next_states.push_back(outcome.next_state);
      rewards.push_back(static_cast<float>(outcome.reward));
      terminated.push_back(outcome.terminated ? 1 : 0);
    }
  }
  offsets.push_back(static_cast<std::uint32_t>(cumulative.size()));
}

DeviceTable FlatTable::view() const {
  return {states, actions, offsets.data(), cumulative.data(), next_states.data(), rewards.data(), terminated.data()};
}

std::unique_ptr<QLearningRun> q_learning_on_host(const FlatTable& table, const QLearningSetting& setting) {
  return std::make_unique<HostRun>(table, setting);
}

}  // namespace prl
