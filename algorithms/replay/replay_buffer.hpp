// The last transitions of a run, in one preallocated ring.
//
// A transition is one record of 2 observation_size + action_size + 2 floats, so that gathering a random one touches one
// or two cache lines; columns would touch one for each of the five.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "algorithms/replay/transition.hpp"
#include "core/aligned_buffer.hpp"
#include "core/network_layout.hpp"
#include "core/random.hpp"
#include "core/run_state.hpp"

namespace prl {

class ReplayBuffer {
 public:
  // Room for `capacity` transitions, all allocated now. Throws std::invalid_argument for a capacity below 1,
  // std::bad_alloc.
  ReplayBuffer(const NetworkSpec& spec, int capacity);

  // Stores a copy, in place of the oldest once the ring is full. Returns its slot.
  int add(const Transition& transition);

  int capacity() const { return capacity_; }
  int size() const { return size_; }
  // The slot of the transition that was added `age` additions before the newest one, 0 <= age < size().
  int slot_of_age(int age) const;

  // Adds all transitions and where the next one goes, under the number of the shard that they are of.
  void add_state(RunState& state, int shard) {
    const std::string owner = "replay " + std::to_string(shard);
    state.add(owner, records_.span());
    state.add_value(owner + ", size", size_);
    state.add_value(owner + ", next slot", next_);
  }

  // Copies the transitions in `slots` into rows 0 .. slots.size() - 1 of `batch`.
  void gather(std::span<const int> slots, TransitionColumns& batch) const;

 private:
  int capacity_;
  int observation_size_;
  int action_size_;
  std::size_t record_floats_;
  AlignedBuffer<float> records_;
  int size_ = 0;
  int next_ = 0;
};

// Fills `slots` with draws from [0, size), each independent of the others and with replacement.
void sample_uniformly(int size, Rng& rng, std::span<int> slots);

}  // namespace prl
