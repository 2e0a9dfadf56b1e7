#include "parallel/agree/halving_doubling_collective.hpp"

#include <bit>

#include "parallel/agree/gradient_reduction.hpp"

namespace prl {
namespace {

int largest_power_of_two(int members) { return static_cast<int>(std::bit_floor(static_cast<unsigned>(members))); }

}  // namespace

HalvingDoublingCollective::HalvingDoublingCollective(Transport& transport, std::size_t parameter_count)
    : transport_(transport),
      core_(largest_power_of_two(transport.size())),
      parameter_count_(parameter_count),
      received_(parameter_count),
      sum_(parameter_count) {}

int HalvingDoublingCollective::companion() const {
  const int other = in_core() ? transport_.rank() + core_ : transport_.rank() - core_;
  return other < transport_.size() ? other : -1;
}

ParameterRange HalvingDoublingCollective::blocks(int index, int width) const {
  const int first = index / width * width;
  return {range_of(first, core_, parameter_count_).begin, range_of(first + width - 1, core_, parameter_count_).end};
}

ParameterRange HalvingDoublingCollective::own_range() const {
  return in_core() ? blocks(transport_.rank(), 1) : ParameterRange{};
}

std::span<const float> HalvingDoublingCollective::reduce_scatter(std::span<const float> gradient) {
  std::span<const float> partial = gradient;
  const auto add_received = [&](ParameterRange range) {
    const float* parts[] = {partial.data() + range.begin, received_.data() + range.begin};
    sum_gradients(parts, range.size(), sum_.data() + range.begin);
  };
  if (!in_core()) {
    transport_.send(companion(), std::as_bytes(gradient), Purpose::kGradients);
    return sum_.span();
  }
  if (companion() >= 0) {
    transport_.receive(companion(), std::as_writable_bytes(received_.span()), Purpose::kGradients);
    add_received({0, parameter_count_});
    partial = sum_.span();
  }
  for (int distance = core_ / 2; distance > 0; distance /= 2) {
    const int partner = transport_.rank() ^ distance;
    const ParameterRange mine = blocks(transport_.rank(), distance);
    const ParameterRange theirs = blocks(partner, distance);
    transport_.exchange(partner, std::as_bytes(partial.subspan(theirs.begin, theirs.size())), partner,
                        std::as_writable_bytes(received_.span().subspan(mine.begin, mine.size())), Purpose::kGradients);
    add_received(mine);
    partial = sum_.span();
  }
  return partial;
}

void HalvingDoublingCollective::all_gather(std::span<float> parameters) {
  if (!in_core()) {
    transport_.receive(companion(), std::as_writable_bytes(parameters), Purpose::kGradients);
    return;
  }
  for (int distance = 1; distance < core_; distance *= 2) {
    const int partner = transport_.rank() ^ distance;
    const ParameterRange mine = blocks(transport_.rank(), distance);
    const ParameterRange theirs = blocks(partner, distance);
    transport_.exchange(partner, std::as_bytes(parameters.subspan(mine.begin, mine.size())), partner,
                        std::as_writable_bytes(parameters.subspan(theirs.begin, theirs.size())), Purpose::kGradients);
  }
  if (companion() >= 0) transport_.send(companion(), std::as_bytes(parameters), Purpose::kGradients);
}

}  // namespace prl
