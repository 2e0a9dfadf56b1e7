#include "parallel/collect/step_link.hpp"

namespace prl {

void take_outcomes(const EnvironmentBatch& batch, int first, int environments, int observation_size,
                   const OutcomeRows& rows) {
  batch.observe(rows.observations + first * observation_size);
  std::copy_n(batch.rewards(), environments, rows.rewards + first);
  std::copy_n(batch.ends(), environments, rows.ends + first);
  for (int i = 0; i < environments; ++i) {
    if (batch.ends()[i] == 0) continue;
    std::copy_n(batch.final_observations() + i * observation_size, observation_size,
                rows.final_observations + (first + i) * observation_size);
  }
}

}  // namespace prl
