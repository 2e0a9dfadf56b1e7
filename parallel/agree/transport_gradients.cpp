#include "parallel/agree/transport_gradients.hpp"

#include <stdexcept>
#include <utility>

#include "parallel/agree/gradient_reduction.hpp"

namespace prl {
namespace {

std::size_t index(int i) { return static_cast<std::size_t>(i); }

std::size_t checked(int shards) {
  if (shards < 1) throw std::invalid_argument("gradients are joined by members with at least one shard");
  return index(shards);
}

}  // namespace

TransportGradients::TransportGradients(Transport& transport, std::size_t parameter_count, int shards_per_member)
    : TransportGradients(transport, parameter_count, shards_per_member,
                         make_collective(AllReduce::kDirect, transport, parameter_count)) {}

TransportGradients::TransportGradients(Transport& transport, std::size_t parameter_count, int shards_per_member,
                                       std::unique_ptr<GradientCollective> collective)
    : transport_(transport),
      collective_(std::move(collective)),
      shards_(shards_per_member),
      parameter_count_(parameter_count),
      local_sum_(checked(shards_per_member) > 1 ? parameter_count : 0),
      parts_(index(shards_per_member)),
      sums_(transport) {}

void TransportGradients::update(Learner& learner) {
  const ParameterRange own = collective_->own_range();
  const std::span<const float> gradient = collective_->reduce_scatter(own_gradient(learner));
  double gradient_square_sum = square_sum(gradient.subspan(own.begin, own.size()));
  sum(std::span(&gradient_square_sum, 1));
  learner.apply_gradient(own, gradient, gradient_square_sum);
  collective_->all_gather(learner.parameters());
  learner.finish_update();
}

std::span<const float> TransportGradients::own_gradient(Learner& learner) {
  if (shards_ == 1) return learner.gradient(0);
  for (int shard = 0; shard < shards_; ++shard) parts_[index(shard)] = learner.gradient(shard).data();
  sum_gradients(parts_, parameter_count_, local_sum_.data());
  return local_sum_.span();
}

}  // namespace prl
