// An asynchronous parameter server in memory that its members share. A member that has results merges them at once and
// waits for nobody's:
//
//   theta <- theta + eta (theta_i - theta),   then theta_i <- theta
//
// Source: document D2, section 4.2, which leaves the second half open: with `refresh` false a member keeps its own
// theta_i and only receives theta beside it. With eta = 1 theta_i is taken as it is: the equation's theta + (theta_i
// - theta) differs from it by rounding only, and what others have merged since the member last received is undone.
//
// Parameters are divided into shards with a lock each. Members merge whole ranges, so a merge that another one tore would
// be neither's parameters; one cell or one gradient step at a time needs no lock (HogwildParameters). A member takes the
// next shard's lock before it lets the last one go, so nobody overtakes another: merges follow one another on all shards
// alike, as if the parameters had one lock, while several members are at work on different shards.
//
// A merge moves 2 S bytes, S of parameters: theta_i out, theta in, in one pass over both. The lag of a merge is the number of merges by others
// since the member last received.
// A merge pulls theta back to where it was then as well, so where members would move it by d each, a merge moves it by
// eta d / (1 + eta lag): with eta = 1 and members in turn, all of them together are no faster than one.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "parallel/agree/parameter_agreement.hpp"
#include "parallel/transport/shared_lock.hpp"
#include "parallel/transport/shared_region.hpp"

namespace prl {

struct MergeSetting {
  double rate = 1.0;    // eta
  bool refresh = true;  // theta_i <- theta after a merge
};

// What the server holds; zeros at first.
template <typename Scalar>
class ServedParameters {
 public:
  // `kept` members have their parameters here, so that what they are at can be finished should they die.
  static std::size_t bytes(std::size_t count, int shards, int kept = 0) {
    return SharedRegion::bytes_for<Scalar>(count) + SharedRegion::bytes_for<Shard>(static_cast<std::size_t>(shards)) +
           SharedRegion::bytes_for<Desk>(static_cast<std::size_t>(kept)) +
           static_cast<std::size_t>(kept) * SharedRegion::bytes_for<Scalar>(count);
  }

  ServedParameters(SharedRegion& region, std::size_t count, int shards, int kept = 0)
      : theta_(region.carve<Scalar>(count)),
        shards_(region.carve<Shard>(static_cast<std::size_t>(shards))),
        desks_(region.carve<Desk>(static_cast<std::size_t>(kept))) {
    for (int member = 0; member < kept; ++member) own_.push_back(region.carve<Scalar>(count));
  }

  std::size_t count() const { return theta_.size(); }
  int shards() const { return static_cast<int>(shards_.size()); }

  // Calls visit(theta, version, first) on every shard while it is locked: its parameters, the number of merges so
  // far, and where it begins. For `dead`, a member that has died, on those from `begin` on, with the locks that it held.
  template <typename Visit>
  void visit_shards(const Waiter& waiter, const Visit& visit, std::size_t begin = 0, int dead = -1) {
    std::array<std::optional<SharedLockHold>, 2> holds;
    for (std::size_t shard = begin; shard < shards_.size(); ++shard) {
      const std::size_t first = theta_.size() * shard / shards_.size();
      const std::size_t last = theta_.size() * (shard + 1) / shards_.size();
      holds[shard % 2].emplace(shards_[shard].lock, waiter, dead);
      holds[(shard + 1) % 2].reset();
      visit(theta_.subspan(first, last - first), shards_[shard].merges, first);
    }
  }

  // A kept member's parameters, [count()].
  std::span<Scalar> own(int member) { return own_[static_cast<std::size_t>(member)]; }
  // Where a kept member's merge has come to; 0: it is at none.
  std::atomic<std::size_t>& shards_begun_by(int member) {
    return desks_[static_cast<std::size_t>(member)].shards_begun;
  }

  // By the process in the place of a kept member that has died, at whatever moment: a merge that was begun is finished from
  // the dead one's parameters, and its locks are opened. The shard that it was at is merged once more, which with refresh changes none of the parameters
  // that were merged already (theta_i is theta there; in the few that were in registers at that moment, and without
  // refresh in all of the shard, eta then counts twice).
  void recover(int member, double rate, const Waiter& waiter);

  void load(std::span<Scalar> to, const Waiter& waiter) {
    visit_shards(waiter, [&](std::span<Scalar> theta, long&, std::size_t first) {
      std::copy(theta.begin(), theta.end(), to.subspan(first).begin());
    });
  }
  void store(std::span<const Scalar> from, const Waiter& waiter) {
    visit_shards(waiter, [&](std::span<Scalar> theta, long&, std::size_t first) {
      std::copy_n(from.subspan(first).begin(), theta.size(), theta.begin());
    });
  }

 private:
  struct Shard {
    SharedLock lock;
    long merges = 0;
  };

  struct alignas(kCacheLineBytes) Desk {
    std::atomic<std::size_t> shards_begun{0};
  };

  std::span<Scalar> theta_;
  std::span<Shard> shards_;
  std::span<Desk> desks_;               // by member
  std::vector<std::span<Scalar>> own_;  // by member
};

// theta <- theta + rate (own - theta) and received <- theta, where `received` may be `own`.
template <typename Scalar>
void merge_into(std::span<Scalar> theta, double rate, const Scalar* own, Scalar* received) {
  if (rate == 1.0) {
    std::copy_n(own, theta.size(), theta.data());
    if (received != own) std::copy_n(own, theta.size(), received);
    return;
  }
  const auto eta = static_cast<Scalar>(rate);
  Scalar* const served = theta.data();
  for (std::size_t i = 0; i < theta.size(); ++i) {
    const Scalar merged = served[i] + eta * (own[i] - served[i]);
    served[i] = merged;
    received[i] = merged;
  }
}

template <typename Scalar>
void ServedParameters<Scalar>::recover(int member, double rate, const Waiter& waiter) {
  std::atomic<std::size_t>& begun = shards_begun_by(member);
  if (std::size_t shard = begun.load(); shard > 0) {
    // It has let the shard's lock go once it has the next one's.
    if (shards_[shard - 1].lock.is_held_by(member)) --shard;
    const auto finish = [&](std::span<Scalar> theta, long& merges, std::size_t first) {
      begun.store(++shard);
      ++merges;
      merge_into(theta, rate, own(member).data() + first, own(member).data() + first);
      if (shard == shards_.size()) begun.store(0);
    };
    visit_shards(waiter, finish, shard, member);
  }
  for (Shard& shard : shards_) shard.lock.unlock_after(member);
}

template <typename Scalar>
class MergingMember final : public ParameterAgreement<Scalar> {
 public:
  // Receives what the server holds. `server` must outlive it. A member that is kept meets with its parameters there.
  MergingMember(ServedParameters<Scalar>& server, MergeSetting setting, Waiter waiter,
                std::optional<int> kept = std::nullopt)
      : server_(server),
        shards_begun_(kept ? &server.shards_begun_by(*kept) : nullptr),
        setting_(setting),
        waiter_(std::move(waiter)),
        received_(setting.refresh ? 0 : server.count()),
        versions_(static_cast<std::size_t>(server.shards())) {
    std::size_t shard = 0;
    server_.visit_shards(waiter_, [&](std::span<Scalar> theta, long& merges, std::size_t first) {
      if (!setting_.refresh) std::copy_n(theta.data(), theta.size(), received_.data() + first);
      versions_[shard++] = merges;
    });
  }

  Meeting meet(std::span<Scalar> parameters) override {
    Meeting meeting;
    std::size_t shard = 0;
    const double start_seconds = monotonic_seconds();
    server_.visit_shards(waiter_, [&](std::span<Scalar> theta, long& merges, std::size_t first) {
      if (shards_begun_ != nullptr) shards_begun_->store(shard + 1);
      meeting.lag = std::max(meeting.lag, merges - versions_[shard]);
      versions_[shard++] = ++merges;
      Scalar* const own = parameters.data() + first;
      merge_into(theta, setting_.rate, own, setting_.refresh ? own : received_.data() + first);
      if (shards_begun_ != nullptr && shard == versions_.size()) shards_begun_->store(0);
    });
    ledger_.add_transfer(Purpose::kWeights, monotonic_seconds() - start_seconds);
    ledger_.add_message(Purpose::kWeights, parameters.size_bytes());
    ledger_.add_message(Purpose::kWeights, parameters.size_bytes());
    return meeting;
  }

  CommunicationLedger& ledger() override { return ledger_; }

  // Without refresh: theta as of this member's last merge, [count()]. Else meet() leaves it in its argument.
  std::span<const Scalar> received() const { return received_; }

 private:
  ServedParameters<Scalar>& server_;
  std::atomic<std::size_t>* shards_begun_;  // null of a member that is not kept
  MergeSetting setting_;
  Waiter waiter_;
  std::vector<Scalar> received_;  // none with refresh
  std::vector<long> versions_;    // by shard: merges when it was received
  CommunicationLedger ledger_;
};

}  // namespace prl
