// How the holders of a batch's shards become one learner: their gradients are summed, one optimiser step is taken, and
// all of them hold the same parameters afterwards.
//
//   1. reduce-scatter:  member r holds  g_r = sum over members of gradient, on its range of the parameters
//   2. norm:            |g|^2 = sum over members of |g_r|^2
//   3. apply:           member r takes the optimiser step on its range
//   4. all-gather:      every member receives the other ranges' parameters
//
// Sharding the optimiser step follows Rajbhandari et al., "ZeRO" (2020), section 5.1 (P_os); it moves the bytes of a
// ring all-reduce, 2 S (P - 1) in total for S bytes of parameters and P members, and divides the step's work by P.
#pragma once

#include <span>

#include "core/learner.hpp"
#include "parallel/transport/communication.hpp"

namespace prl {

class GradientAgreement {
 public:
  virtual ~GradientAgreement() = default;

  // Adds up `values` over all members, in member order, in place.
  virtual void sum(std::span<double> values) = 0;

  // One update with the gradients that this member's shards have computed: steps 1 to 4. Afterwards every member's
  // parameters are the same bits. Throws WorkerDied.
  virtual void update(Learner& learner) = 0;

  // The parameters that this member steps, and so those that its learner's averages are kept of.
  virtual ParameterRange stepped_range() const = 0;

  // Adds what this member's next updates depend on beside its learner. Between updates only.
  virtual void add_state(RunState& /*state*/) {}

  virtual CommunicationLedger& ledger() = 0;
};

// The range of the parameters that member `member` of `members` reduces and steps; whole cache lines.
constexpr ParameterRange range_of(int member, int members, std::size_t parameter_count) {
  constexpr std::size_t kFloatsPerLine = 16;
  const std::size_t lines = (parameter_count + kFloatsPerLine - 1) / kFloatsPerLine;
  const auto begin = [=](int m) {
    const std::size_t line = lines * static_cast<std::size_t>(m) / static_cast<std::size_t>(members);
    return line * kFloatsPerLine < parameter_count ? line * kFloatsPerLine : parameter_count;
  };
  return {begin(member), begin(member + 1)};
}

}  // namespace prl
