// The MPI library's own collectives, to hold the suite's against: MPI_Reduce_scatter and MPI_Allgatherv.
//
// Which algorithm the library takes, and in which order it adds, is its choice (by size and number of ranks); the same
// build and launch give the same bits. What crosses inside of it can't be seen: as bytes count those that any algorithm
// has to move, 2 S (P - 1) / P sent by each member, as messages one a call. The library waits by polling without sleep,
// and waiting for a late rank can't be told from transfer: all of it counts as transfer.
#pragma once

#include <vector>

#include "core/aligned_buffer.hpp"
#include "parallel/agree/gradient_agreement.hpp"
#include "parallel/agree/gradient_collective.hpp"
#include "parallel/transport/mpi_transport.hpp"

namespace prl {

class MpiLibraryCollective final : public GradientCollective {
 public:
  // Bytes and seconds go to the ledger of `transport`, whose session it uses. Throws std::length_error beyond 2^31 - 1
  // parameters.
  MpiLibraryCollective(MpiTransport& transport, std::size_t parameter_count);

  ParameterRange own_range() const override { return range_of(transport_.rank(), transport_.size(), sum_.size()); }
  std::span<const float> reduce_scatter(std::span<const float> gradient) override;
  void all_gather(std::span<float> parameters) override;

 private:
  void count(std::size_t sent_bytes, double start_seconds);

  MpiTransport& transport_;
  std::vector<int> counts_;  // parameters, by rank
  std::vector<int> begins_;
  AlignedBuffer<float> sum_;
};

}  // namespace prl
