#include "parallel/schedule/segment_tickets.hpp"

#include <algorithm>
#include <stdexcept>

namespace prl {

std::size_t SegmentTickets::bytes_for(int workers, std::uint64_t most_open) {
  return SharedRegion::bytes_for<Seat>(static_cast<std::size_t>(workers)) + SharedRegion::bytes_for<Slot>(most_open) +
         SharedRegion::bytes_for<Words>(1);
}

SegmentTickets::SegmentTickets(SharedRegion& region, int workers, std::uint64_t most_open)
    : seats_(region.carve<Seat>(static_cast<std::size_t>(workers))),
      slots_(region.carve<Slot>(most_open)),
      words_(region.make<Words>()) {}

bool SegmentTickets::begin(int worker) {
  Seat& own = seat(worker);
  if (!own.has_ticket) own.ticket = words_.tickets.fetch_add(1);
  own.has_ticket = true;
  // Sequentially consistent, like the limit and the look at `working` in pause(): one of the two sees the other.
  own.working.store(true);
  if (own.ticket < words_.limit.load() && !words_.ended.load()) return true;
  give_up(worker);
  return false;
}

void SegmentTickets::finish(int worker, const SegmentReport& report) {
  const std::uint64_t number = words_.finished.fetch_add(1);
  Slot& own = slot(number);
  own.report = report;
  own.number.store(number + 1);
  seat(worker).has_ticket = false;
  give_up(worker);
}

void SegmentTickets::give_up(int worker) {
  seat(worker).working.store(false);
  words_.reported.ring();
}

bool SegmentTickets::await_begin(int worker, const Waiter& waiter) {
  while (!begin(worker)) {
    if (words_.ended.load()) return false;
    const std::uint64_t ticket = seat(worker).ticket;
    words_.opened.wait([&] { return ticket < words_.limit.load() || words_.ended.load(); }, waiter);
  }
  return true;
}

void SegmentTickets::open_until(std::uint64_t limit) {
  if (limit > taken_ + slots_.size()) throw std::logic_error("more segments were opened than reports are kept");
  words_.limit.store(limit);
  words_.opened.ring();
}

bool SegmentTickets::take(SegmentReport& report) {
  const Slot& next = slot(taken_);
  if (next.number.load() != taken_ + 1) return false;
  report = next.report;
  ++taken_;
  return true;
}

void SegmentTickets::await_report(const Waiter& waiter) {
  words_.reported.wait([this] { return slot(taken_).number.load() == taken_ + 1; }, waiter);
}

void SegmentTickets::pause(const Waiter& waiter) {
  words_.limit.store(0);
  const auto resting = [](const Seat& other) { return !other.working.load(); };
  words_.reported.wait([&] { return std::all_of(seats_.begin(), seats_.end(), resting); }, waiter);
}

void SegmentTickets::end() {
  words_.ended.store(true);
  words_.opened.ring();
}

}  // namespace prl
