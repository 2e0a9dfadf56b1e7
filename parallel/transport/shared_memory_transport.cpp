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

void SharedMemoryTransport::exchange(int to, std::span<const std::byte> out, int from, std::span<std::byte> in,
                                     Purpose purpose) {
  RingWriter& writer = writers_[static_cast<std::size_t>(to)];
  RingReader& reader = readers_[static_cast<std::size_t>(from)];
  const double start_seconds = monotonic_seconds();
  double waiting_seconds = 0.0;
  if (!out.empty()) ledger_.add_message(purpose, out.size());
  bool any_received = in.empty();
  while (!out.empty() || !in.empty()) {
    const std::size_t sent = writer.write_some(out);
    if (sent > 0) mailboxes_.doorbell(to).ring();
    out = out.subspan(sent);
    const std::size_t received = reader.read_some(in);
    if (received > 0) mailboxes_.doorbell(from).ring();
    in = in.subspan(received);
    any_received = any_received || received > 0;
    if (sent + received > 0) continue;
    const double stall_seconds = monotonic_seconds();
    mailboxes_.doorbell(rank_).wait(
        [&] { return (!out.empty() && writer.writable()) || (!in.empty() && reader.readable()); }, waiter_);
    // A stall in the middle of a message is part of its transfer.
    if (!any_received) waiting_seconds += monotonic_seconds() - stall_seconds;
  }
  ledger_.add_waiting(purpose, waiting_seconds);
  ledger_.add_transfer(purpose, monotonic_seconds() - start_seconds - waiting_seconds);
}

void SharedMemoryTransport::send(int to, std::span<const std::byte> out, Purpose purpose) {
  exchange(to, out, to, {}, purpose);
}

void SharedMemoryTransport::receive(int from, std::span<std::byte> in, Purpose purpose) {
  exchange(from, {}, from, in, purpose);
}

}  // namespace prl
