#include "parallel/agree/hogwild_parameters.hpp"

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
                  SharedRegion::bytes_for<Counts>(1) + SharedRegion::bytes_for<SharedLock>(1)),
      parameters_(region_.carve<FloatPair>(RelaxedFloats::cells_for(parameter_count))),
      counts_(region_.make<Counts>()),
      lock_(region_.make<SharedLock>()) {
  const std::size_t sets = sets_of_averages(workers, averages);
  const std::span<Updates> updates = region_.carve<Updates>(sets);
  for (std::size_t set = 0; set < sets; ++set) {
    SharedParameters shared{parameters_, {}, &updates[set].count, &counts_.rounds};
    for (RelaxedFloats& average : shared.averages) {
      average = RelaxedFloats(region_.carve<FloatPair>(RelaxedFloats::cells_for(parameter_count)));
    }
    shared_.push_back(shared);
  }
  if (sets == 1) shared_.resize(static_cast<std::size_t>(workers), SharedParameters(shared_.front()));
}

}  // namespace prl
