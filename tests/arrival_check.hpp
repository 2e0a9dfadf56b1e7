// Whether a segment that has arrived is what FakeActor writes.
#pragma once

#include <vector>

#include "parallel/schedule/segment_source.hpp"
#include "tests/parallel_fakes.hpp"

namespace prl::test {

// Number of wrong blocks: not those of the actor's `segment`-th segment (from 1) under the version that it names, which has
// the values of set_parameters() of its number.
inline int wrong_blocks(const CollectionPlan& plan, const SegmentSource::Arrival& arrival, int segment) {
  std::vector<float> parameters(plan.parameter_count);
  set_parameters(parameters, static_cast<int>(arrival.taken.note.version));
  float sum = 0.0F;
  for (const float parameter : parameters) sum += parameter;
  int wrong = 0;
  for (int i = 0; i < arrival.trajectories.count(); ++i) {
    const auto environment = static_cast<std::uint32_t>(arrival.trajectories.first() + i);
    const float* observations = arrival.trajectories.trajectory(i).observations;
    for (std::uint32_t k = 0; k < plan.layout.floats(); ++k) {
      if (observations[k] != mixed(environment, static_cast<std::uint32_t>(segment), k, 1) + sum) return ++wrong;
    }
  }
  return wrong;
}

// The number, above `last`, of its actor's segments that an arrival is, by its content under parameters of zeros.
inline int number_of_segment(const SegmentSource::Arrival& arrival, int last) {
  const auto first = static_cast<std::uint32_t>(arrival.trajectories.first());
  const float content = arrival.trajectories.trajectory(0).observations[0];
  const std::uint32_t charged = arrival.taken.note.charged ? 1 : 0;
  int number = last + 1;
  while (content != mixed(first, static_cast<std::uint32_t>(number), 0, charged) && number < 1000) ++number;
  return number;
}

}  // namespace prl::test
