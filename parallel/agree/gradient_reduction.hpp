// The arithmetic of joining gradients, the same for threads, processes and ranks:
//
//   g[i] = (((g_0[i] + g_1[i]) + g_2[i]) + ...),   i in a range of the parameters
//   |g|^2 = (((q_0 + q_1) + q_2) + ...),           q_r the square sum over range r
//
// Sums go in shard order, whoever computes them, and ranges are divided by the number of shards, not of workers. So the
// result's bits depend on the shards only.
#pragma once

#include <cstddef>
#include <span>

namespace prl {

// Writes the sum of `parts`, at least one of `count` floats each, into `sum`, which is none of them.
void sum_gradients(std::span<const float* const> parts, std::size_t count, float* sum);

// Adds the values in order.
double sum_in_order(std::span<const double> values);

}  // namespace prl
