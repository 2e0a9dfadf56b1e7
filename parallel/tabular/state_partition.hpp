// Which worker owns which states of a table, and with them the pairs (s, a): worker w of W those in
// [w S / W, (w + 1) S / W) of S.
#pragma once

#include <cstdint>

namespace prl {

class StatePartition {
 public:
  StatePartition(int states, int workers) : states_(states), workers_(workers) {}

  int first_state(int worker) const { return static_cast<int>(static_cast<std::int64_t>(worker) * states_ / workers_); }
  int owner_of(int state) const {
    return static_cast<int>(((static_cast<std::int64_t>(state) + 1) * workers_ - 1) / states_);
  }
  int workers() const { return workers_; }

 private:
  int states_;
  int workers_;
};

}  // namespace prl
