// What several workers keep of a run, brought to worker 0, which writes it: whatever they agree by can add doubles up over
// all of them, and a double holds six bytes exactly.
//
// All workers take part, but bytes cross to worker 0 alone in meaning: a checkpoint is no part of the run, and whoever
// calls this restores its ledger.
#pragma once

#include <cstddef>
#include <vector>

#include "core/run_state.hpp"
#include "runner/joined_rounds.hpp"

namespace prl {

class GatheredState {
 public:
  // All workers call it after the same round, each with its own pieces, which worker 0 has afterwards. Throws what `sum`
  // throws.
  void gather(const RunState& own, int worker, int workers, const SumOverWorkers& sum);

  // Worker 0: adds the others' pieces, which stay until the next gather().
  void add_to(RunState& state);

 private:
  std::vector<std::vector<std::byte>> messages_;  // of worker 1, of worker 2, ..
};

}  // namespace prl
