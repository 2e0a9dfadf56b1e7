// The average of all members' parameters and how far the members are from it: what is looked at where every member has a
// copy of its own. A measurement, not a part of the agreement: its messages are not counted.
//
//   average       mean over i of x_i
//   disagreement  sqrt(mean over i of |x_i - average|^2)
#pragma once

#include <cstdint>
#include <span>

#include "core/aligned_buffer.hpp"
#include "parallel/transport/transport.hpp"

namespace prl {

struct MemberAverage {
  double disagreement = 0.0;
  std::uint64_t bytes = 0;  // of weights that all members together have sent since their ledgers were reset
};

// Writes the average of the copies, each as long as `average`, added up in member order. Returns the disagreement.
template <typename Scalar>
double average_copies(std::span<const Scalar* const> copies, std::span<Scalar> average);

// Of copies that lie with the members of a transport.
template <typename Scalar>
class AverageOfMembers {
 public:
  // `transport` must outlive it.
  AverageOfMembers(Transport& transport, std::size_t parameter_count);

  // All members call it, each with the bytes of weights that it had sent before its ledger began; member 0 gets the answer, and the average in average(), added up in member order. Throws
  // WorkerDied or std::runtime_error.
  MemberAverage measure(std::span<const Scalar> parameters, std::uint64_t bytes_before = 0);
  std::span<Scalar> average() { return average_.span(); }

 private:
  MemberAverage add_up(std::span<const Scalar> own, std::uint64_t own_bytes);

  Transport& transport_;
  AlignedBuffer<Scalar> average_;
  AlignedBuffer<std::byte> messages_;  // member 0: of the others, a stride apart; else the own one
  std::size_t stride_;
};

}  // namespace prl
