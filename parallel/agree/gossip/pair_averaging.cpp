#include "parallel/agree/gossip/pair_averaging.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <stdexcept>

namespace prl {
namespace {

// Of the streams that shuffle: above those of minibatches' shards.
constexpr std::uint32_t kPairStreams = 0x80000000;

template <typename Scalar>
std::size_t stride_of(std::size_t count) {
  return round_up_to_cache_line(count * sizeof(Scalar)) / sizeof(Scalar);
}

std::vector<int> neighbours_of(int member, int members, GossipTopology topology, std::uint64_t seed) {
  if (!is_symmetric(topology)) throw std::invalid_argument("pairs average both copies: their graph has no direction");
  std::vector<int> neighbours;
  if (topology == GossipTopology::kRandomPairs) {
    for (int other = 0; other < members; ++other) {
      if (other != member) neighbours.push_back(other);
    }
  } else {
    const GossipGraph graph(topology, members, seed);
    neighbours.assign(graph.receivers(member).begin(), graph.receivers(member).end());
  }
  return neighbours;
}

template <typename Scalar>
void average_pair(std::span<Scalar> own, std::span<Scalar> other, std::span<Scalar> taken,
                  std::span<Scalar> parameters) {
  for (std::size_t k = 0; k < own.size(); ++k) {
    const Scalar mean = (own[k] + (parameters[k] - taken[k]) + other[k]) / 2;
    own[k] = mean;
    other[k] = mean;
    taken[k] = mean;
    parameters[k] = mean;
  }
}

// Where nobody has changed the copy, its sum with the difference is the parameters, but for rounding.
template <typename Scalar>
void add_learned(std::span<Scalar> own, std::span<Scalar> taken, std::span<Scalar> parameters) {
  for (std::size_t k = 0; k < own.size(); ++k) {
    const Scalar sum = own[k] == taken[k] ? parameters[k] : own[k] + (parameters[k] - taken[k]);
    own[k] = sum;
    taken[k] = sum;
    parameters[k] = sum;
  }
}

}  // namespace

template <typename Scalar>
std::size_t GossipBoard<Scalar>::bytes(int members, std::size_t count, int pieces) {
  const auto all = static_cast<std::size_t>(members);
  return SharedRegion::bytes_for<Place>(all * static_cast<std::size_t>(pieces)) +
         SharedRegion::bytes_for<Scalar>(all * stride_of<Scalar>(count));
}

template <typename Scalar>
GossipBoard<Scalar>::GossipBoard(SharedRegion& region, int members, std::size_t count, int pieces)
    : members_(members),
      count_(count),
      stride_(stride_of<Scalar>(count)),
      pieces_(static_cast<std::size_t>(pieces)),
      places_(region.carve<Place>(static_cast<std::size_t>(members) * pieces_)),
      copies_(region.carve<Scalar>(static_cast<std::size_t>(members) * stride_)) {}

template <typename Scalar>
void GossipBoard<Scalar>::store(std::span<const Scalar> from) {
  for (int member = 0; member < members_; ++member) std::copy(from.begin(), from.end(), copy(member).begin());
}

template <typename Scalar>
void GossipBoard<Scalar>::recover(int member) {
  for (Place& place : places_) place.lock.unlock_after(member);
}

template <typename Scalar>
PairAveraging<Scalar>::PairAveraging(GossipBoard<Scalar>& board, GossipTopology topology, int member,
                                     std::span<const Scalar> initial, std::uint64_t seed, Waiter waiter)
    : board_(board),
      member_(member),
      seed_(seed),
      waiter_(std::move(waiter)),
      neighbours_(neighbours_of(member, board.members(), topology, seed)),
      taken_(initial.size()) {
  std::copy(initial.begin(), initial.end(), taken_.data());
}

template <typename Scalar>
template <typename Change>
Meeting PairAveraging<Scalar>::change_pieces(int other, std::span<Scalar> parameters, const Change& change) {
  std::array<std::array<std::optional<SharedLockHold>, 2>, 2> holds;
  const std::span<Scalar> own_copy = board_.copy(member_);
  const std::span<Scalar> other_copy = board_.copy(other);
  Meeting meeting;
  for (std::size_t piece = 0; piece < board_.pieces_; ++piece) {
    auto& [low, high] = holds[piece % 2];
    low.emplace(board_.place(std::min(member_, other), piece).lock, waiter_);
    if (other != member_) high.emplace(board_.place(std::max(member_, other), piece).lock, waiter_);
    for (std::optional<SharedLockHold>& hold : holds[(piece + 1) % 2]) hold.reset();
    const std::size_t first = board_.begin_of(piece);
    const std::size_t size = board_.begin_of(piece + 1) - first;
    change(own_copy.subspan(first, size), other_copy.subspan(first, size), taken_.span().subspan(first, size),
           parameters.subspan(first, size));
    auto& own_place = board_.place(member_, piece);
    if (other != member_) {
      ++own_place.averages;
      ++board_.place(other, piece).averages;
    }
    if (piece > 0) continue;  // nobody overtakes: the others are counted alike
    const std::uint64_t own_averages = averages_seen_ + (other != member_ ? 1 : 0);
    meeting.lag = static_cast<long>(own_place.averages - own_averages);
    averages_seen_ = own_place.averages;
  }
  return meeting;
}

template <typename Scalar>
Meeting PairAveraging<Scalar>::meet(std::span<Scalar> parameters) {
  if (!has_neighbours()) return publish(parameters);
  const Meeting meeting = change_pieces(draw_neighbour(), parameters, average_pair<Scalar>);
  ledger_.add_message(Purpose::kWeights, parameters.size_bytes());
  ledger_.add_message(Purpose::kWeights, parameters.size_bytes());
  return meeting;
}

template <typename Scalar>
Meeting PairAveraging<Scalar>::publish(std::span<Scalar> parameters) {
  const auto add = [](std::span<Scalar> own, std::span<Scalar>, std::span<Scalar> taken, std::span<Scalar> now) {
    add_learned(own, taken, now);
  };
  return change_pieces(member_, parameters, add);
}

template <typename Scalar>
int PairAveraging<Scalar>::draw_neighbour() {
  Rng rng(seed_, RandomPurpose::kShuffle, kPairStreams + static_cast<std::uint32_t>(member_), meetings_++);
  return neighbours_[rng.below(static_cast<std::uint32_t>(neighbours_.size()))];
}

template class GossipBoard<float>;
template class GossipBoard<double>;
template class PairAveraging<float>;
template class PairAveraging<double>;

}  // namespace prl
