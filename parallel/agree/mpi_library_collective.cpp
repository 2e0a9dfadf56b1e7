#include "parallel/agree/mpi_library_collective.hpp"

#include <climits>
#include <stdexcept>

#include "parallel/transport/mpi_error.hpp"

namespace prl {

MpiLibraryCollective::MpiLibraryCollective(MpiTransport& transport, std::size_t parameter_count)
    : transport_(transport), sum_(parameter_count) {
  if (parameter_count > INT_MAX) {
    throw std::length_error("MPI counts floats by int: use another all-reduce for more than 2^31 - 1 parameters");
  }
  for (int rank = 0; rank < transport.size(); ++rank) {
    const ParameterRange range = range_of(rank, transport.size(), parameter_count);
    counts_.push_back(static_cast<int>(range.size()));
    begins_.push_back(static_cast<int>(range.begin));
  }
}

std::span<const float> MpiLibraryCollective::reduce_scatter(std::span<const float> gradient) {
  const double start_seconds = monotonic_seconds();
  const ParameterRange own = own_range();
  check_mpi(MPI_Reduce_scatter(gradient.data(), sum_.data() + own.begin, counts_.data(), MPI_FLOAT, MPI_SUM,
                               transport_.communicator()),
            "sum the gradients");
  count((gradient.size() - own.size()) * sizeof(float), start_seconds);
  return sum_.span();
}

void MpiLibraryCollective::all_gather(std::span<float> parameters) {
  const double start_seconds = monotonic_seconds();
  check_mpi(MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, parameters.data(), counts_.data(), begins_.data(),
                           MPI_FLOAT, transport_.communicator()),
            "gather the parameters");
  count(own_range().size() * sizeof(float) * static_cast<std::size_t>(transport_.size() - 1), start_seconds);
}

void MpiLibraryCollective::count(std::size_t sent_bytes, double start_seconds) {
  if (sent_bytes > 0) transport_.ledger().add_message(Purpose::kGradients, sent_bytes);
  transport_.ledger().add_transfer(Purpose::kGradients, monotonic_seconds() - start_seconds);
}

}  // namespace prl
