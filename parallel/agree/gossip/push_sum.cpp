#include "parallel/agree/gossip/push_sum.hpp"

#include <cstring>

namespace prl {

template <typename Scalar>
PushSum<Scalar>::PushSum(Transport& transport, GossipTopology topology, std::uint64_t seed, std::size_t parameter_count)
    : exchange_(transport, topology, seed),
      sums_(parameter_count),
      ratios_(parameter_count),
      message_(parameter_count * sizeof(Scalar) + sizeof(double)) {}

template <typename Scalar>
Meeting PushSum<Scalar>::meet(std::span<Scalar> parameters) {
  if (exchange_.transport().size() == 1) return {};  // to the bit, which sums and differences would not be
  for (std::size_t k = 0; k < parameters.size(); ++k) sums_[k] += parameters[k] - ratios_[k];
  const std::size_t sums_bytes = sums_.size() * sizeof(Scalar);
  std::memcpy(message_.data(), sums_.data(), sums_bytes);
  std::memcpy(message_.data() + sums_bytes, &weight_, sizeof(weight_));

  const std::span<const GossipPart> parts = exchange_.run(message_.span());
  add_parts(parts, sums_.span());
  weight_ = 0.0;
  for (const GossipPart& part : parts) {
    double weight = 0.0;
    std::memcpy(&weight, part.bytes + sums_bytes, sizeof(weight));
    weight_ += part.weight * weight;
  }
  for (std::size_t k = 0; k < parameters.size(); ++k) {
    ratios_[k] = static_cast<Scalar>(static_cast<double>(sums_[k]) / weight_);
    parameters[k] = ratios_[k];
  }
  return {};
}

template class PushSum<float>;
template class PushSum<double>;

}  // namespace prl
