// A message to every other member and one from every other member, all at the same time.
#pragma once

#include <span>
#include <vector>

#include "parallel/transport/transport.hpp"

namespace prl {

class PieceExchange {
 public:
  explicit PieceExchange(Transport& transport) : transport_(transport) {
    const auto others = static_cast<std::size_t>(transport.size() - 1);
    outgoing_.reserve(others);
    incoming_.reserve(others);
  }

  // Sends the span piece_for(member) to every other member, the next one's first, and receives the span
  // place_of(member) from it.
  template <typename PieceFor, typename PlaceOf>
  void run(const PieceFor& piece_for, const PlaceOf& place_of, Purpose purpose) {
    const int members = transport_.size();
    outgoing_.clear();
    incoming_.clear();
    for (int step = 1; step < members; ++step) {
      const int to = (transport_.rank() + step) % members;
      const int from = (transport_.rank() - step + members) % members;
      outgoing_.push_back({to, std::as_bytes(piece_for(to))});
      incoming_.push_back({from, std::as_writable_bytes(place_of(from))});
    }
    transport_.exchange_all(outgoing_, incoming_, purpose);
  }

 private:
  Transport& transport_;
  std::vector<Outgoing> outgoing_;
  std::vector<Incoming> incoming_;
};

}  // namespace prl
