#include "parallel/agree/ring_collective.hpp"

#include <algorithm>

#include "parallel/agree/gradient_reduction.hpp"

namespace prl {
namespace {

// Chunks are whole cache lines, so they differ in length by one of them.
std::size_t longest_chunk(int members, std::size_t parameter_count) {
  std::size_t longest = 0;
  for (int member = 0; member < members; ++member) {
    longest = std::max(longest, range_of(member, members, parameter_count).size());
  }
  return longest;
}

}  // namespace

RingCollective::RingCollective(Transport& transport, std::size_t parameter_count)
    : transport_(transport),
      next_((transport.rank() + 1) % transport.size()),
      previous_((transport.rank() + transport.size() - 1) % transport.size()),
      parameter_count_(parameter_count),
      received_(longest_chunk(transport.size(), parameter_count)),
      sum_(parameter_count) {}

ParameterRange RingCollective::chunk(int index) const {
  const int members = transport_.size();
  return range_of((index + 2 * members) % members, members, parameter_count_);
}

std::span<const float> RingCollective::reduce_scatter(std::span<const float> gradient) {
  if (transport_.size() == 1) return gradient;
  const int rank = transport_.rank();
  for (int step = 0; step < transport_.size() - 1; ++step) {
    const ParameterRange out = chunk(rank - step - 1);
    const ParameterRange in = chunk(rank - step - 2);
    const std::span<const float> partial = step == 0 ? gradient : std::span<const float>(sum_.span());
    const std::span<float> place = received_.span().first(in.size());
    transport_.exchange(next_, std::as_bytes(partial.subspan(out.begin, out.size())), previous_,
                        std::as_writable_bytes(place), Purpose::kGradients);
    const float* parts[] = {place.data(), gradient.data() + in.begin};
    sum_gradients(parts, in.size(), sum_.data() + in.begin);
  }
  return sum_.span();
}

void RingCollective::all_gather(std::span<float> parameters) {
  const int rank = transport_.rank();
  for (int step = 0; step < transport_.size() - 1; ++step) {
    const ParameterRange out = chunk(rank - step);
    const ParameterRange in = chunk(rank - step - 1);
    transport_.exchange(next_, std::as_bytes(parameters.subspan(out.begin, out.size())), previous_,
                        std::as_writable_bytes(parameters.subspan(in.begin, in.size())), Purpose::kGradients);
  }
}

}  // namespace prl
