#include "parallel/agree/server_average.hpp"

#include <algorithm>
#include <stdexcept>

#include "parallel/agree/gradient_agreement.hpp"
#include "parallel/agree/mean_of_members.hpp"

namespace prl {
namespace {

std::size_t index(int i) { return static_cast<std::size_t>(i); }

}  // namespace

template <typename Scalar>
ServerAverage<Scalar>::ServerAverage(Transport& transport, std::span<const Scalar> initial, int shards)
    : transport_(transport), shards_(shards), count_(initial.size()), parts_(index(transport.size())) {
  if (shards < 1 || shards > transport.size()) {
    throw std::invalid_argument("a server's shards are at least one and at most the members");
  }
  if (!serves()) return;
  const ParameterRange own = range_of_shard(transport.rank());
  global_ = AlignedBuffer<Scalar>(own.size());
  std::copy_n(initial.data() + own.begin, own.size(), global_.data());
  for (int member = 0; member < transport.size(); ++member) {
    received_.emplace_back(member == transport.rank() ? 0 : own.size());
  }
}

template <typename Scalar>
ParameterRange ServerAverage<Scalar>::range_of_shard(int shard) const {
  return shard < shards_ ? range_of(shard, shards_, count_) : ParameterRange{};
}

template <typename Scalar>
template <typename Visit>
void ServerAverage<Scalar>::for_others(const Visit& visit) const {
  for (int step = 1; step < transport_.size(); ++step) visit((transport_.rank() + step) % transport_.size());
}

template <typename Scalar>
Meeting ServerAverage<Scalar>::meet(std::span<Scalar> parameters) {
  if (parameters.size() != count_) throw std::invalid_argument("members meet on parameters of the same length");
  if (transport_.size() == 1) return {};
  push(parameters);
  if (serves()) merge(parameters.subspan(range_of_shard(transport_.rank()).begin));
  pull(parameters);
  return {};
}

template <typename Scalar>
void ServerAverage<Scalar>::push(std::span<Scalar> parameters) {
  outgoing_.clear();
  incoming_.clear();
  for_others([&](int member) {
    const ParameterRange range = range_of_shard(member);
    outgoing_.push_back({member, std::as_bytes(parameters.subspan(range.begin, range.size()))});
    if (serves()) incoming_.push_back({member, std::as_writable_bytes(received_[index(member)].span())});
  });
  transport_.exchange_all(outgoing_, incoming_, Purpose::kWeights);
}

template <typename Scalar>
void ServerAverage<Scalar>::merge(std::span<const Scalar> own) {
  for (int member = 0; member < transport_.size(); ++member) {
    parts_[index(member)] = member == transport_.rank() ? own.data() : received_[index(member)].data();
  }
  move_to_mean<Scalar>(global_.span(), parts_);
}

template <typename Scalar>
void ServerAverage<Scalar>::pull(std::span<Scalar> parameters) {
  outgoing_.clear();
  incoming_.clear();
  for_others([&](int member) {
    if (serves()) outgoing_.push_back({member, std::as_bytes(global_.span())});
    const ParameterRange range = range_of_shard(member);
    incoming_.push_back({member, std::as_writable_bytes(parameters.subspan(range.begin, range.size()))});
  });
  transport_.exchange_all(outgoing_, incoming_, Purpose::kWeights);
  if (serves())
    std::copy_n(global_.data(), global_.size(), parameters.data() + range_of_shard(transport_.rank()).begin);
}

template class ServerAverage<float>;
template class ServerAverage<double>;

}  // namespace prl
