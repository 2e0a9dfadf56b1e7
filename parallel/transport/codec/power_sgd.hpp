// The gradient of a weight matrix as a product of two thin ones, whose sums over the members are the two messages.
//
//   M_m = G_m + E_m                      gradient and memory of member m, [rows][columns]
//   P = orthonormal(sum_m M_m Q)         [rows][r], first message: M_m Q
//   Q = sum_m M_m^T P                    [columns][r], second message: M_m^T P; kept for the next update
//   sum_m G_m ~ P Q^T,   E_m = M_m - P (M_m^T P)^T
//
// Source: Vogels, Karimireddy, Jaggi, "PowerSGD" (2019), algorithms 1 (rank-r compression with a warm start) and 2 (error
// feedback). Deviations: sums in place of means, since shards' gradients are parts of a mean; a matrix that two factors
// would not make smaller goes uncompressed in the first message, as biases do; a column of P that vanishes is left out and
// its column of Q drawn anew; momentum is the optimiser's affair.
//
//   bytes = 4 (U + sum over compressed matrices of r (rows + columns)),   U the parameters that are not compressed
//
// with r at most rows and columns. Sums go in member order, so P and Q are the same bits on all members.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/aligned_buffer.hpp"
#include "core/learner.hpp"
#include "core/network_layout.hpp"

namespace prl {

// A row-major matrix within the flat parameters.
struct MatrixBlock {
  std::size_t offset = 0;
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::size_t size() const { return rows * columns; }
};

// The weight matrices of a network, by offset.
std::vector<MatrixBlock> weight_matrices(const NetworkLayout& layout);

// One member's part of the arithmetic; the messages are the caller's (parallel/agree/power_sgd_gradients.hpp).
class PowerSgd {
 public:
  // `matrices` by offset, disjoint, within `count` parameters. Throws std::invalid_argument for a rank below 1.
  PowerSgd(std::span<const MatrixBlock> matrices, std::size_t count, int rank, std::uint64_t seed);

  // Floats of the two messages.
  std::size_t left_count() const { return left_count_; }
  std::size_t right_count() const { return right_count_; }

  // Writes M Q of every matrix, then what is not compressed.
  void write_left(std::span<const float> gradient, std::span<float> left);
  // Makes the summed left factors orthonormal, in place, and writes M^T P. What the product lacks goes to the memory.
  void write_right(std::span<float> left_sum, std::span<float> right);
  // Writes P Q^T of the summed factors and what was not compressed, and keeps Q.
  void decode(std::span<const float> left_sum, std::span<const float> right_sum, std::span<float> gradient_sum);

  // Adds what later factors depend on.
  void add_state(RunState& state) {
    state.add_value("factored updates", update_);
    state.add("left out of gradients", memory_.span());
    state.add("right factors", right_factors_.span());
  }

  // What was left out of this member's gradients so far, one float a parameter.
  std::span<const float> memory() const { return memory_.span(); }

 private:
  // A matrix with the places of its factors in the messages: left [rows][rank], right [rank][columns].
  struct Factored {
    MatrixBlock matrix;
    std::size_t rank;
    std::size_t left;
    std::size_t right;
  };
  void place(std::span<const MatrixBlock> matrices, std::size_t count, int rank);
  void redraw_vanished(const Factored& f);

  std::vector<Factored> factored_;
  std::vector<ParameterRange> plain_;  // what is not compressed
  std::uint64_t seed_;
  std::uint64_t update_ = 0;
  std::size_t left_count_ = 0;
  std::size_t right_count_ = 0;
  AlignedBuffer<float> memory_;
  AlignedBuffer<float> right_factors_;  // Q of all matrices, as in the second message
};

}  // namespace prl
