#include "parallel/agree/transport_gradients.hpp"

#include <algorithm>
#include <stdexcept>

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
    : transport_(transport),
      members_(transport.size()),
      shards_(shards_per_member),
      parameter_count_(parameter_count),
      local_sum_(checked(shards_per_member) > 1 ? parameter_count : 0),
      sum_(parameter_count),
      parts_(index(std::max(members_, shards_per_member))) {
  const std::size_t own_count = range_of_member(transport.rank()).size();
  for (int member = 0; member < members_; ++member) {
    received_.emplace_back(member == transport.rank() ? 0 : own_count);
  }
}

template <typename PieceFor, typename PlaceOf>
void TransportGradients::exchange_pieces(const PieceFor& piece_for, const PlaceOf& place_of, Purpose purpose) {
  outgoing_.clear();
  incoming_.clear();
  for (int step = 1; step < members_; ++step) {
    const int to = (transport_.rank() + step) % members_;
    const int from = (transport_.rank() - step + members_) % members_;
    outgoing_.push_back({to, std::as_bytes(piece_for(to))});
    incoming_.push_back({from, std::as_writable_bytes(place_of(from))});
  }
  transport_.exchange_all(outgoing_, incoming_, purpose);
}

void TransportGradients::sum(std::span<double> values) {
  if (values.empty()) return;
  const std::size_t count = values.size();
  sent_values_.assign(values.begin(), values.end());
  received_values_.resize(count * index(members_));
  const std::span<double> received(received_values_);
  exchange_pieces([&](int) { return std::span(sent_values_); },
                  [&](int from) { return received.subspan(index(from) * count, count); }, Purpose::kControl);
  std::copy(sent_values_.begin(), sent_values_.end(),
            received.begin() + static_cast<std::ptrdiff_t>(index(transport_.rank()) * count));
  std::fill(values.begin(), values.end(), 0.0);
  for (int member = 0; member < members_; ++member) {
    for (std::size_t i = 0; i < count; ++i) values[i] += received[index(member) * count + i];
  }
}

void TransportGradients::update(Learner& learner) {
  const ParameterRange own = range_of_member(transport_.rank());
  const std::span<const float> gradient = reduce_scatter(own_gradient(learner));
  double gradient_square_sum = square_sum(gradient.subspan(own.begin, own.size()));
  sum(std::span(&gradient_square_sum, 1));
  learner.apply_gradient(own, gradient, gradient_square_sum);
  all_gather(learner.parameters());
  learner.finish_update();
}

const float* TransportGradients::own_gradient(Learner& learner) {
  if (shards_ == 1) return learner.gradient(0).data();
  for (int shard = 0; shard < shards_; ++shard) parts_[index(shard)] = learner.gradient(shard).data();
  sum_gradients(std::span(parts_).first(index(shards_)), parameter_count_, local_sum_.data());
  return local_sum_.data();
}

std::span<const float> TransportGradients::reduce_scatter(const float* gradient) {
  if (members_ == 1) return {gradient, parameter_count_};
  const std::span<const float> all(gradient, parameter_count_);
  exchange_pieces(
      [&](int to) {
        const ParameterRange range = range_of_member(to);
        return all.subspan(range.begin, range.size());
      },
      [&](int from) { return received_[index(from)].span(); }, Purpose::kGradients);
  const ParameterRange own = range_of_member(transport_.rank());
  for (int member = 0; member < members_; ++member) {
    parts_[index(member)] = member == transport_.rank() ? gradient + own.begin : received_[index(member)].data();
  }
  sum_gradients(std::span(parts_).first(index(members_)), own.size(), sum_.data() + own.begin);
  return sum_.span();
}

void TransportGradients::all_gather(std::span<float> parameters) {
  const auto range = [&](int member) {
    const ParameterRange own = range_of_member(member);
    return parameters.subspan(own.begin, own.size());
  };
  exchange_pieces([&](int) { return range(transport_.rank()); }, range, Purpose::kGradients);
}

}  // namespace prl
