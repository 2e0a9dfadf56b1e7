// Sums and minima over many numbers that change one at a time: what sampling by priority needs.
//
//   node = op(its 8 children),  leaves = the numbers;  set(i) renews the path from leaf i to the root
//   find: from the root, the child in which the running sum passes `mass`
//
// Source: Schaul, Quan, Antonoglou, Silver, "Prioritized experience replay" (ICLR 2016), appendix B.2.1. Deviations: 8
// children a node, which are one cache line, in place of 2 (a third of the lines); a node is always the sum of its
// children and never corrected by a difference, so rounding errors do not add up over updates.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include "core/aligned_buffer.hpp"
#include "core/run_state.hpp"

namespace prl {

struct SumOperation {
  static constexpr double kNothing = 0.0;
  static double join(double a, double b) { return a + b; }
};

struct MinOperation {
  static constexpr double kNothing = std::numeric_limits<double>::infinity();
  static double join(double a, double b) { return b < a ? b : a; }
};

template <typename Operation>
class ReductionTree {
 public:
  static constexpr std::size_t kChildren = kCacheLineBytes / sizeof(double);

  // `count` > 0 numbers, each Operation::kNothing.
  explicit ReductionTree(std::size_t count) {
    std::size_t width = count;
    do {
      width = (width + kChildren - 1) / kChildren * kChildren;
      levels_.emplace_back(width);
      std::fill(levels_.back().span().begin(), levels_.back().span().end(), Operation::kNothing);
      width /= kChildren;
    } while (width > 1);
  }

  double get(std::size_t i) const { return levels_.front()[i]; }

  void set(std::size_t i, double value) {
    levels_.front()[i] = value;
    for (std::size_t level = 0; level + 1 < levels_.size(); ++level) {
      i /= kChildren;
      levels_[level + 1][i] = joined(levels_[level].data() + i * kChildren);
    }
  }

  // Of all numbers.
  double total() const { return joined(levels_.back().data()); }

  void add_state(const std::string& name, RunState& state) {
    for (std::size_t level = 0; level < levels_.size(); ++level) {
      state.add(name + ", level " + std::to_string(level), levels_[level].span());
    }
  }

  std::size_t depth() const { return levels_.size(); }
  // The children of node `node` of the level above `level`; leaves are level 0.
  const double* children(std::size_t level, std::size_t node) const { return levels_[level].data() + node * kChildren; }

 private:
  static double joined(const double* c) {
    const auto join = Operation::join;
    return join(join(join(c[0], c[1]), join(c[2], c[3])), join(join(c[4], c[5]), join(c[6], c[7])));
  }

  std::vector<AlignedBuffer<double>> levels_;  // leaves first, each a multiple of kChildren
};

using SumTree = ReductionTree<SumOperation>;
using MinTree = ReductionTree<MinOperation>;

// The first leaf at which the sum of leaves so far exceeds `mass`, 0 <= mass < tree.total(). Never one that is 0, also
// where rounding leaves more mass than the children have; the tree's total must not be 0.
inline std::size_t find_by_mass(const SumTree& tree, double mass) {
  std::size_t node = 0;
  for (std::size_t level = tree.depth(); level-- > 0;) {
    const double* children = tree.children(level, node);
    std::size_t chosen = 0;
    double before = 0.0;
    double sum = 0.0;
    for (std::size_t child = 0; child < SumTree::kChildren && (sum == 0.0 || mass >= sum); ++child) {
      if (children[child] == 0.0) continue;
      chosen = child;
      before = sum;
      sum += children[child];
    }
    mass -= before;
    node = node * SumTree::kChildren + chosen;
  }
  return node;
}

}  // namespace prl
