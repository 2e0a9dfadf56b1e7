#include "parallel/agree/gossip/pair_averaging.hpp"

#include <algorithm>

namespace prl {
namespace {

// Of the streams that shuffle: above those of minibatches' shards.
constexpr std::uint32_t kPairStreams = 0x80000000;

template <typename Scalar>
std::size_t stride_of(std::size_t count) {
  return round_up_to_cache_line(count * sizeof(Scalar)) / sizeof(Scalar);
}

}  // namespace

template <typename Scalar>
std::size_t GossipBoard<Scalar>::bytes(int members, std::size_t count) {
  const auto all = static_cast<std::size_t>(members);
  return SharedRegion::bytes_for<Place>(all) + SharedRegion::bytes_for<Scalar>(all * stride_of<Scalar>(count));
}

template <typename Scalar>
GossipBoard<Scalar>::GossipBoard(SharedRegion& region, int members, std::span<const Scalar> initial)
    : count_(initial.size()),
      stride_(stride_of<Scalar>(initial.size())),
      places_(region.carve<Place>(static_cast<std::size_t>(members))),
      copies_(region.carve<Scalar>(static_cast<std::size_t>(members) * stride_)) {
  for (int member = 0; member < members; ++member) std::copy(initial.begin(), initial.end(), copy(member).begin());
}

template <typename Scalar>
PairAveraging<Scalar>::PairAveraging(GossipBoard<Scalar>& board, int member, std::span<const Scalar> initial,
                                     std::uint64_t seed, Waiter waiter)
    : board_(board), member_(member), seed_(seed), waiter_(std::move(waiter)), received_(initial.size()) {
  std::copy(initial.begin(), initial.end(), received_.data());
}

template <typename Scalar>
Meeting PairAveraging<Scalar>::meet(std::span<Scalar> parameters) {
  if (board_.members() == 1) return {};
  const int partner = draw_partner();
  auto& own_place = board_.place(member_);
  auto& other_place = board_.place(partner);
  const std::span<Scalar> own = board_.copy(member_);
  const std::span<Scalar> other = board_.copy(partner);
  Meeting meeting;
  {
    const SharedLockHold first(board_.place(std::min(member_, partner)).lock, waiter_);
    const SharedLockHold second(board_.place(std::max(member_, partner)).lock, waiter_);
    for (std::size_t k = 0; k < parameters.size(); ++k) {
      const Scalar learned = parameters[k] - received_[k];
      const Scalar mean = (own[k] + learned + other[k]) / 2;
      own[k] = mean;
      other[k] = mean;
      received_[k] = mean;
      parameters[k] = mean;
    }
    meeting.lag = static_cast<long>(own_place.averages - averages_seen_);
    averages_seen_ = ++own_place.averages;
    ++other_place.averages;
  }
  ledger_.add_message(Purpose::kWeights, parameters.size_bytes());
  ledger_.add_message(Purpose::kWeights, parameters.size_bytes());
  return meeting;
}

template <typename Scalar>
int PairAveraging<Scalar>::draw_partner() {
  Rng rng(seed_, RandomPurpose::kShuffle, kPairStreams + static_cast<std::uint32_t>(member_), meetings_++);
  const int other = static_cast<int>(rng.below(static_cast<std::uint32_t>(board_.members() - 1)));
  return other < member_ ? other : other + 1;
}

template class GossipBoard<float>;
template class GossipBoard<double>;
template class PairAveraging<float>;
template class PairAveraging<double>;

}  // namespace prl
