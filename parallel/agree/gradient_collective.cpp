#include "parallel/agree/gradient_collective.hpp"

#include <stdexcept>

#include "parallel/agree/direct_collective.hpp"
#include "parallel/agree/halving_doubling_collective.hpp"
#include "parallel/agree/ring_collective.hpp"

namespace prl {

std::unique_ptr<GradientCollective> make_collective(AllReduce kind, Transport& transport, std::size_t parameter_count) {
  switch (kind) {
    case AllReduce::kRing:
      return std::make_unique<RingCollective>(transport, parameter_count);
    case AllReduce::kHalvingDoubling:
      return std::make_unique<HalvingDoublingCollective>(transport, parameter_count);
    case AllReduce::kDirect:
      return std::make_unique<DirectCollective>(transport, parameter_count);
    case AllReduce::kLibrary:
      break;
  }
  throw std::invalid_argument("the MPI library's collective needs ranks of MPI: make an MpiLibraryCollective");
}

}  // namespace prl
