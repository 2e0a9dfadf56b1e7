#include "parallel/agree/hogwild_parameters.hpp"

#include <string>

namespace prl {
namespace {

std::size_t sets_of_averages(int workers, AverageSharing averages) {
  return averages == AverageSharing::kShared ? 1 : static_cast<std::size_t>(workers);
}

}  // namespace

HogwildParameters::HogwildParameters(int workers, std::size_t parameter_count, AverageSharing averages)
    : parameter_count_(parameter_count),
      region_("parameters that workers share",
              SharedRegion::bytes_for<FloatPair>(RelaxedFloats::cells_for(parameter_count)) *
                      (1 + SharedParameters::kAverages * sets_of_averages(workers, averages)) +
                  SharedRegion::bytes_for<Updates>(sets_of_averages(workers, averages)) +
                  SharedRegion::bytes_for<Counts>(1) + SharedRegion::bytes_for<SharedLock>(1) +
                  SharedRegion::bytes_for<Stepper>(static_cast<std::size_t>(workers))),
      parameters_(region_.carve<FloatPair>(RelaxedFloats::cells_for(parameter_count))),
      counts_(region_.make<Counts>()),
      lock_(region_.make<SharedLock>()),
      steppers_(region_.carve<Stepper>(static_cast<std::size_t>(workers))),
      sets_(sets_of_averages(workers, averages)) {
  const std::span<Updates> updates = region_.carve<Updates>(sets_);
  for (std::size_t set = 0; set < sets_; ++set) {
    SharedParameters shared{parameters_, {}, &updates[set].count, &counts_.rounds};
    for (RelaxedFloats& average : shared.averages) {
      average = RelaxedFloats(region_.carve<FloatPair>(RelaxedFloats::cells_for(parameter_count)));
    }
    shared_.push_back(shared);
  }
  if (sets_ == 1) shared_.resize(static_cast<std::size_t>(workers), SharedParameters(shared_.front()));
}

void HogwildState::add_state(RunState& state) {
  for (std::size_t i = 0; i < averages.size(); ++i) {
    state.add("shared averages " + std::to_string(i), averages[i].span());
  }
  state.add("shared updates", std::span(updates));
  state.add_value("shared rounds", rounds);
}

HogwildState HogwildParameters::snapshot() const {
  HogwildState state;
  for (std::size_t set = 0; set < sets_; ++set) {
    for (const RelaxedFloats& average : shared_[set].averages) {
      state.averages.emplace_back(parameter_count_);
      average.load(0, state.averages.back().span());
    }
    state.updates.push_back(shared_[set].updates->load());
  }
  state.rounds = counts_.rounds.load();
  return state;
}

void HogwildParameters::restore(const HogwildState& state) const {
  for (std::size_t set = 0; set < sets_; ++set) {
    for (std::size_t a = 0; a < SharedParameters::kAverages; ++a) {
      shared_[set].averages[a].store(0, state.averages[set * SharedParameters::kAverages + a].span());
    }
    shared_[set].updates->store(state.updates[set]);
  }
  counts_.rounds.store(state.rounds);
}

void HogwildParameters::recover(int worker) {
  if (steppers_[static_cast<std::size_t>(worker)].stepping.exchange(false)) counts_.lost.fetch_add(1);
  lock_.unlock_after(worker);
}

}  // namespace prl
