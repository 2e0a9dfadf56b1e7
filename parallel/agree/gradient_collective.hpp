// How members that share no memory add their gradients up and hand the stepped parameters round: the two halves of an
// all-reduce, with the optimiser's step between them (gradient_agreement.hpp).
//
// For P members, S bytes of parameters, a message's latency alpha and a byte's time beta (Thakur, Rabenseifner, Gropp,
// "Optimization of collective communication operations in MPICH", 2005, sections 4.3 and 4.5), both halves together:
//
//   direct             2 alpha           + 2 (P - 1) / P S beta   all pieces at once; sums in member order
//   ring               2 (P - 1) alpha   + 2 (P - 1) / P S beta   one neighbour each way, whatever P
//   halving-doubling   2 log2(P) alpha   + 2 (P - 1) / P S beta   where P is a power of two
//
// direct counts its P - 1 messages as one, since they are under way at the same time.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "core/learner.hpp"
#include "parallel/transport/transport.hpp"

namespace prl {

class GradientCollective {
 public:
  virtual ~GradientCollective() = default;

  // The part of the parameters whose sum this member gets and whose step it takes. Members' ranges are disjoint and cover
  // the parameters; a range may be empty.
  virtual ParameterRange own_range() const = 0;

  // Adds `gradient`, one float a parameter, over all members. Returns a flat span, valid on own_range() until the next
  // call. Throws WorkerDied or std::runtime_error, as all_gather() does.
  virtual std::span<const float> reduce_scatter(std::span<const float> gradient) = 0;

  // Every member gives its own range of `parameters` and gets the others'.
  virtual void all_gather(std::span<float> parameters) = 0;
};

// Which algorithm joins gradients.
enum class AllReduce { kDirect, kRing, kHalvingDoubling, kLibrary };

// `transport` must outlive the collective. Throws std::invalid_argument for kLibrary, which needs MPI
// (mpi_library_collective.hpp).
std::unique_ptr<GradientCollective> make_collective(AllReduce kind, Transport& transport, std::size_t parameter_count);

}  // namespace prl
