// The control message of a round: what the learner's worker tells the others to do, and what each of them answers.
#pragma once

#include <cstdint>

namespace prl {

// kCollectOthers: other environments than before, which a message names.
enum class RoundCommand : std::uint16_t { kCollect = 1, kEnd = 2, kCollectOthers = 3 };

struct RoundHeader {
  RoundCommand command = RoundCommand::kCollect;
  std::uint16_t flag = 1;           // command: step costs are charged; answer: the worker's part is complete
  float receiving_seconds = 0.0F;   // answer only: to take the weights in, once they were on their way
  double collecting_seconds = 0.0;  // answer only
};
static_assert(sizeof(RoundHeader) == 16, "counted as 16 bytes of control");

}  // namespace prl
