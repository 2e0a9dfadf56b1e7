// How learners that each hold all of the parameters become one: each takes updates of its own, and now and then it meets
// the others, or a server, and goes on with what came out.
//
// Which parameters they are does not matter: a network's flat buffer (float) and a Q table (double) are agreed upon by the
// same code. Where learners meet in lock-step, all of them call meet() the same number of times, in the same order;
// where they run freely, each calls it when it likes.
#pragma once

#include <span>

#include "core/run_state.hpp"
#include "parallel/transport/communication.hpp"

namespace prl {

// What a member learns of a meeting.
struct Meeting {
  long lag = 0;  // merges by others since this member's last one; 0 in lock-step
};

template <typename Scalar>
class ParameterAgreement {
 public:
  virtual ~ParameterAgreement() = default;

  // `parameters` are this member's own, after its updates; afterwards those that it goes on with. Every member's have the
  // same length, which was given when the agreement was made. Throws WorkerDied or std::runtime_error.
  virtual Meeting meet(std::span<Scalar> parameters) = 0;

  // Adds what this member's next meetings depend on beside the parameters that all started or went on with. Between
  // meetings only.
  virtual void add_state(RunState& /*state*/) {}

  // What this member sent or read.
  virtual CommunicationLedger& ledger() = 0;
};

}  // namespace prl
