// Doubles added up over all members by messages, in member order: the same bits on every member, whatever carries them.
//
// What is counted, for n doubles and P members, over all members: 8 n P (P - 1) of control, by the member that sends.
#pragma once

#include <span>
#include <vector>

#include "parallel/agree/piece_exchange.hpp"

namespace prl {

class OrderedSum {
 public:
  // `transport` must outlive it.
  explicit OrderedSum(Transport& transport) : transport_(transport), pieces_(transport) {}

  // In place; all members call it with as many values. Throws WorkerDied or std::runtime_error.
  void add_up(std::span<double> values);

 private:
  Transport& transport_;
  PieceExchange pieces_;
  std::vector<double> sent_;
  std::vector<double> received_;
};

}  // namespace prl
