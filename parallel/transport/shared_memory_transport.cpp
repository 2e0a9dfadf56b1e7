#include "parallel/transport/shared_memory_transport.hpp"

#include <algorithm>
#include <bit>
#include <stdexcept>
#include <utility>

namespace prl {
namespace {

std::size_t square(int members) { return static_cast<std::size_t>(members) * static_cast<std::size_t>(members); }

std::size_t mailbox_bytes(int members, std::size_t ring_bytes) {
  if (members < 1 || !std::has_single_bit(ring_bytes) || ring_bytes < kCacheLineBytes) {
    throw std::invalid_argument("mailboxes need at least one member and rings of a power of two bytes, 64 or more");
  }
  return SharedRegion::bytes_for<Doorbell>(static_cast<std::size_t>(members)) +
         SharedRegion::bytes_for<RingPositions>(square(members)) +
         SharedRegion::bytes_for<std::byte>(square(members) * ring_bytes);
}

}  // namespace

std::size_t SharedMailboxes::default_ring_bytes(int members) {
  constexpr std::size_t kLargest = std::size_t{1} << 21;
  constexpr std::size_t kSmallest = std::size_t{1} << 12;
  constexpr std::size_t kTotal = std::size_t{1} << 25;
  return std::clamp(std::bit_floor(kTotal / square(members)), kSmallest, kLargest);
}

SharedMailboxes::SharedMailboxes(int members, std::size_t ring_bytes)
    : members_(members),
      ring_bytes_(ring_bytes),
      region_("messages between workers", mailbox_bytes(members, ring_bytes)),
      doorbells_(region_.carve<Doorbell>(static_cast<std::size_t>(members))),
      positions_(region_.carve<RingPositions>(square(members))),
      rings_(region_.carve<std::byte>(square(members) * ring_bytes)) {}

SharedMemoryTransport::SharedMemoryTransport(SharedMailboxes& mailboxes, int rank, std::function<void()> watch)
    : mailboxes_(mailboxes), rank_(rank), waiter_(waiter_for(mailboxes.members(), std::move(watch))) {
  for (int peer = 0; peer < mailboxes.members(); ++peer) {
    writers_.emplace_back(mailboxes.positions(rank, peer), mailboxes.ring(rank, peer));
    readers_.emplace_back(mailboxes.positions(peer, rank), mailboxes.ring(peer, rank));
  }
}

void SharedMemoryTransport::exchange_all(std::span<const Outgoing> out, std::span<const Incoming> in, Purpose purpose) {
  const double start_seconds = monotonic_seconds();
  double waiting_seconds = 0.0;
  sending_.clear();
  receiving_.clear();
  for (const Outgoing& message : out) {
    if (message.bytes.empty()) continue;
    sending_.push_back({message.to, message.bytes});
    ledger_.add_message(purpose, message.bytes.size());
  }
  for (const Incoming& message : in) {
    if (!message.bytes.empty()) receiving_.push_back({message.from, message.bytes, false});
  }
  while (!sending_.empty() || !receiving_.empty()) {
    const std::size_t sent = send_some();
    const std::size_t received = receive_some();
    if (sent + received > 0) continue;
    const double stall_seconds = monotonic_seconds();
    mailboxes_.doorbell(rank_).wait([this] { return can_move(); }, waiter_);
    if (awaits_peers()) waiting_seconds += monotonic_seconds() - stall_seconds;
  }
  ledger_.add_waiting(purpose, waiting_seconds);
  ledger_.add_transfer(purpose, monotonic_seconds() - start_seconds - waiting_seconds);
}

std::size_t SharedMemoryTransport::send_some() {
  std::size_t sent = 0;
  for (Sending& message : sending_) {
    const std::size_t count = writers_[static_cast<std::size_t>(message.to)].write_some(message.left);
    if (count > 0) mailboxes_.doorbell(message.to).ring();
    message.left = message.left.subspan(count);
    sent += count;
  }
  std::erase_if(sending_, [](const Sending& message) { return message.left.empty(); });
  return sent;
}

std::size_t SharedMemoryTransport::receive_some() {
  std::size_t received = 0;
  for (Receiving& message : receiving_) {
    const std::size_t count = readers_[static_cast<std::size_t>(message.from)].read_some(message.left);
    if (count > 0) mailboxes_.doorbell(message.from).ring();
    message.left = message.left.subspan(count);
    message.begun = message.begun || count > 0;
    received += count;
  }
  std::erase_if(receiving_, [](const Receiving& message) { return message.left.empty(); });
  return received;
}

bool SharedMemoryTransport::awaits_peers() const {
  return !receiving_.empty() &&
         std::none_of(receiving_.begin(), receiving_.end(), [](const Receiving& message) { return message.begun; });
}

bool SharedMemoryTransport::can_move() {
  return std::any_of(receiving_.begin(), receiving_.end(),
                     [this](const Receiving& m) { return readers_[static_cast<std::size_t>(m.from)].readable(); }) ||
         std::any_of(sending_.begin(), sending_.end(),
                     [this](const Sending& m) { return writers_[static_cast<std::size_t>(m.to)].writable(); });
}

}  // namespace prl
