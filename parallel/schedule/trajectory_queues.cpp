#include "parallel/schedule/trajectory_queues.hpp"

namespace prl {
namespace {

std::size_t slot_count(int actors, int depth) {
  return static_cast<std::size_t>(actors) * static_cast<std::size_t>(depth);
}

}  // namespace

std::size_t TrajectoryQueues::bytes_for(int actors, int depth, std::size_t slot_bytes) {
  const std::size_t slots = slot_count(actors, depth);
  return SharedRegion::bytes_for<Queue>(static_cast<std::size_t>(actors)) + SharedRegion::bytes_for<Slot>(slots) +
         SharedRegion::bytes_for<std::byte>(slots * round_up_to_cache_line(slot_bytes)) +
         SharedRegion::bytes_for<Shared>(1);
}

TrajectoryQueues::TrajectoryQueues(SharedRegion& region, int actors, int depth, std::size_t slot_bytes)
    : depth_(static_cast<std::size_t>(depth)),
      slot_bytes_(round_up_to_cache_line(slot_bytes)),
      queues_(region.carve<Queue>(static_cast<std::size_t>(actors))),
      slots_(region.carve<Slot>(slot_count(actors, depth))),
      storage_(region.carve<std::byte>(slot_count(actors, depth) * slot_bytes_)),
      shared_(region.make<Shared>()) {}

std::span<std::byte> TrajectoryQueues::await_free(int actor, const Waiter& waiter) {
  Queue& queue = queues_[static_cast<std::size_t>(actor)];
  const std::uint64_t number = queue.put.load(std::memory_order_relaxed);
  queue.freed.wait([&] { return number - queue.released.load() < depth_ || shared_.ended.load(); }, waiter);
  if (shared_.ended.load()) return {};
  return storage_.subspan(slot_index(actor, number) * slot_bytes_, slot_bytes_);
}

std::span<std::byte> TrajectoryQueues::free_slot(int actor) {
  const Queue& queue = queues_[static_cast<std::size_t>(actor)];
  const std::uint64_t number = queue.put.load(std::memory_order_relaxed);
  if (number - queue.released.load() >= depth_) return {};
  return storage_.subspan(slot_index(actor, number) * slot_bytes_, slot_bytes_);
}

void TrajectoryQueues::put(int actor, const TrajectoryNote& note) {
  Queue& queue = queues_[static_cast<std::size_t>(actor)];
  const std::uint64_t number = queue.put.load(std::memory_order_relaxed);
  slots_[slot_index(actor, number)] = {shared_.arrivals.fetch_add(1), note};
  queue.put.store(number + 1);
  shared_.arrived.ring();
}

void TrajectoryQueues::recover(int actor) {
  queues_[static_cast<std::size_t>(actor)].freed.forget_sleepers();
  shared_.arrived.ring();  // it may have died before it could
}

int TrajectoryQueues::first_arrival() const {
  int first = -1;
  std::uint64_t earliest = 0;
  for (int actor = 0; actor < actors(); ++actor) {
    const Queue& queue = queues_[static_cast<std::size_t>(actor)];
    const std::uint64_t number = queue.released.load(std::memory_order_relaxed);
    if (queue.put.load() == number) continue;
    const std::uint64_t arrival = slots_[slot_index(actor, number)].arrival;
    if (first < 0 || arrival < earliest) {
      first = actor;
      earliest = arrival;
    }
  }
  return first;
}

TrajectoryQueues::Taken TrajectoryQueues::take(const Waiter& waiter) {
  int actor = -1;
  shared_.arrived.wait([&] { return (actor = first_arrival()) >= 0; }, waiter);
  const std::uint64_t number = queues_[static_cast<std::size_t>(actor)].released.load(std::memory_order_relaxed);
  const std::size_t slot = slot_index(actor, number);
  return {actor, slots_[slot].note, storage_.subspan(slot * slot_bytes_, slot_bytes_)};
}

void TrajectoryQueues::release(const Taken& taken) {
  Queue& queue = queues_[static_cast<std::size_t>(taken.actor)];
  queue.released.fetch_add(1);
  queue.freed.ring();
}

void TrajectoryQueues::end() {
  shared_.ended.store(true);
  for (Queue& queue : queues_) queue.freed.ring();
}

}  // namespace prl
