#include "parallel/schedule/segment_tickets.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace prl {

std::size_t SegmentTickets::bytes_for(int workers, std::uint64_t most_open) {
  return SharedRegion::bytes_for<Seat>(static_cast<std::size_t>(workers)) + SharedRegion::bytes_for<Slot>(most_open) +
         SharedRegion::bytes_for<Words>(1);
}

SegmentTickets::SegmentTickets(SharedRegion& region, int workers, std::uint64_t most_open)
    : seats_(region.carve<Seat>(static_cast<std::size_t>(workers))),
      slots_(region.carve<Slot>(most_open)),
      words_(region.make<Words>()) {}

void SegmentTickets::draw(Seat& own, const Waiter& waiter) {
  const SharedLockHold held(words_.lock, waiter);
  own.ticket.store(words_.tickets.load());
  own.has_ticket.store(true);
  words_.tickets.store(own.ticket.load() + 1);
}

bool SegmentTickets::begin(int worker, const Waiter& waiter) {
  Seat& own = seat(worker);
  if (!own.has_ticket.load()) draw(own, waiter);
  // Sequentially consistent, like the limit and the look at `working` in pause(): one of the two sees the other.
  own.working.store(true);
  if (own.ticket.load() < words_.limit.load() && !words_.ended.load()) {
    own.begun.fetch_add(1);
    return true;
  }
  give_up(worker);
  return false;
}

void SegmentTickets::finish(int worker, const SegmentReport& report, const Waiter& waiter) {
  Seat& own = seat(worker);
  {
    const SharedLockHold held(words_.lock, waiter);
    const std::uint64_t number = words_.finished.load();
    own.finished_after = own.finished.load() + 1;
    own.reporting.store(number + 1);
    Slot& next = slot(number);
    next.report = report;
    next.number.store(number + 1);
    count_report(own);
  }
  give_up(worker);
}

// Under the lock, after the report was written. The same once or twice.
void SegmentTickets::count_report(Seat& reporter) {
  words_.finished.store(reporter.reporting.load());
  reporter.finished.store(reporter.finished_after);
  reporter.has_ticket.store(false);
  reporter.reporting.store(0);
}

bool SegmentTickets::recover(int worker) {
  Seat& dead = seat(worker);
  if (words_.lock.is_held_by(worker)) {
    if (dead.has_ticket.load() && dead.ticket.load() == words_.tickets.load()) words_.tickets.fetch_add(1);
    const std::uint64_t number = dead.reporting.load();
    if (number > 0 && slot(number - 1).number.load() == number) count_report(dead);
    dead.reporting.store(0);
    words_.lock.unlock();
  }
  const std::uint64_t finished = dead.finished.load();
  dead.lost.store(dead.begun.load() - finished);
  dead.starts.fetch_add(1);
  give_up(worker);
  return std::exchange(dead.finished_before, finished) < finished;
}

FaultCounts SegmentTickets::counts() const {
  FaultCounts counts;
  for (const Seat& seat : seats_) {
    counts.segments_begun += static_cast<long>(seat.begun.load());
    counts.segments_lost += static_cast<long>(seat.lost.load());
  }
  return counts;
}

void SegmentTickets::give_up(int worker) {
  seat(worker).working.store(false);
  words_.reported.ring();
}

bool SegmentTickets::await_begin(int worker, const Waiter& waiter) {
  while (!begin(worker, waiter)) {
    if (words_.ended.load()) return false;
    const std::uint64_t ticket = seat(worker).ticket.load();
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
