// What a synchronous parameter server makes of its N members' parameters,
//
//   theta <- theta + (1/N) sum over members i of (theta_i - theta)
//
// added up in double precision and in member order, so the bits do not depend on what carries the parameters. One member's
// are taken as they are: the equation's theta + (theta_1 - theta) differs from them by rounding only. Source: document D2,
// section 4.1.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

namespace prl {

// `members`: of each the parameters that `theta` has, [theta.size()].
template <typename Scalar>
void move_to_mean(std::span<Scalar> theta, std::span<const Scalar* const> members) {
  if (members.size() == 1) {
    std::copy_n(members[0], theta.size(), theta.data());
    return;
  }
  // A block of the sums stays in the first-level cache while all members' differences are added to it.
  constexpr std::size_t kBlock = 1024;
  std::array<double, kBlock> sums;
  const double share = 1.0 / static_cast<double>(members.size());
  for (std::size_t begin = 0; begin < theta.size(); begin += kBlock) {
    const std::span<Scalar> block = theta.subspan(begin, std::min(kBlock, theta.size() - begin));
    std::fill_n(sums.begin(), block.size(), 0.0);
    for (const Scalar* own : members) {
      for (std::size_t i = 0; i < block.size(); ++i) {
        sums[i] += static_cast<double>(own[begin + i]) - static_cast<double>(block[i]);
      }
    }
    for (std::size_t i = 0; i < block.size(); ++i) {
      block[i] = static_cast<Scalar>(static_cast<double>(block[i]) + share * sums[i]);
    }
  }
}

}  // namespace prl
