// Low-rank factors: exact where the matrix has that rank, orthonormal, nothing lost, smaller only where that is smaller.
#include <cmath>
#include <vector>

#include "core/random.hpp"
#include "parallel/transport/codec/power_sgd.hpp"
#include "tests/catch2.hpp"
#include "tests/relative_distance.hpp"

using namespace prl;
using namespace prl::test;

namespace {

constexpr std::size_t kRows = 24;
constexpr std::size_t kColumns = 40;
// Five floats before the matrix and three behind are no matrix.
constexpr std::size_t kOffset = 5;
constexpr std::size_t kCount = kOffset + kRows * kColumns + 3;
const MatrixBlock kMatrix{kOffset, kRows, kColumns};

std::vector<float> normal_values(std::size_t count, std::uint64_t step) {
  Rng rng(5, RandomPurpose::kAction, 0, step);
  std::vector<float> values(count);
  for (float& value : values) value = rng.normal();
  return values;
}

// Parameters whose matrix has this rank.
std::vector<float> gradient_of_rank(std::size_t rank, std::uint64_t step) {
  std::vector<float> gradient = normal_values(kCount, 100 + step);
  const std::vector<float> left = normal_values(kRows * rank, 200 + step);
  const std::vector<float> right = normal_values(kColumns * rank, 300 + step);
  for (std::size_t i = 0; i < kRows; ++i) {
    for (std::size_t j = 0; j < kColumns; ++j) {
      double sum = 0.0;
      for (std::size_t r = 0; r < rank; ++r) {
        sum += static_cast<double>(left[i * rank + r]) * static_cast<double>(right[r * kColumns + j]);
      }
      gradient[kOffset + i * kColumns + j] = static_cast<float>(sum);
    }
  }
  return gradient;
}

struct Outcome {
  std::vector<float> left;  // orthonormal
  std::vector<float> sum;
};

// What all members get of their gradients' sum.
Outcome joined(std::vector<PowerSgd>& members, const std::vector<std::vector<float>>& gradients) {
  std::vector<float> left(members[0].left_count(), 0.0F);
  std::vector<float> right(members[0].right_count(), 0.0F);
  std::vector<float> part(left.size());
  for (std::size_t m = 0; m < members.size(); ++m) {
    members[m].write_left(gradients[m], part);
    for (std::size_t i = 0; i < part.size(); ++i) left[i] += part[i];
  }
  part.resize(right.size());
  std::vector<float> orthonormal;
  for (PowerSgd& member : members) {
    orthonormal = left;
    member.write_right(orthonormal, part);
    for (std::size_t i = 0; i < part.size(); ++i) right[i] += part[i];
  }
  Outcome outcome{orthonormal, std::vector<float>(kCount)};
  for (PowerSgd& member : members) member.decode(orthonormal, right, outcome.sum);
  return outcome;
}

PowerSgd make(int rank) { return PowerSgd({&kMatrix, 1}, kCount, rank, 9); }

}  // namespace

TEST_CASE("a matrix of rank r or less crosses exactly, what is no matrix unchanged") {
  for (const std::size_t rank : {1, 2, 4}) {
    for (const std::size_t of_matrix : {std::size_t{1}, rank}) {
      std::vector<PowerSgd> members;
      members.push_back(make(static_cast<int>(rank)));
      for (std::uint64_t update = 0; update < 3; ++update) {
        const std::vector<float> gradient = gradient_of_rank(of_matrix, 0);
        const Outcome outcome = joined(members, {gradient});
        CHECK(relative_distance(outcome.sum, gradient) < 1e-5);
        for (std::size_t i = 0; i < kOffset; ++i) CHECK(outcome.sum[i] == gradient[i]);
        for (std::size_t i = kOffset + kMatrix.size(); i < kCount; ++i) CHECK(outcome.sum[i] == gradient[i]);
      }
    }
  }
}

TEST_CASE("the left factor's columns are orthonormal") {
  constexpr std::size_t kRank = 4;
  std::vector<PowerSgd> members;
  for (int m = 0; m < 3; ++m) members.push_back(make(kRank));
  for (std::uint64_t update = 0; update < 5; ++update) {
    const Outcome outcome = joined(
        members, {normal_values(kCount, update), normal_values(kCount, 50 + update), gradient_of_rank(2, update)});
    for (std::size_t a = 0; a < kRank; ++a) {
      for (std::size_t b = 0; b <= a; ++b) {
        double product = 0.0;
        for (std::size_t i = 0; i < kRows; ++i) {
          product +=
              static_cast<double>(outcome.left[i * kRank + a]) * static_cast<double>(outcome.left[i * kRank + b]);
        }
        CHECK(std::fabs(product - (a == b ? 1.0 : 0.0)) < 1e-6);
      }
    }
  }
}

TEST_CASE("what crossed and what members remember add up to all gradients") {
  constexpr int kMembers = 3;
  std::vector<PowerSgd> members;
  for (int m = 0; m < kMembers; ++m) members.push_back(make(2));
  std::vector<double> difference(kCount, 0.0);
  double size = 0.0;
  for (std::uint64_t update = 0; update < 40; ++update) {
    std::vector<std::vector<float>> gradients;
    for (std::uint64_t m = 0; m < kMembers; ++m) gradients.push_back(normal_values(kCount, 10 * update + m));
    const Outcome outcome = joined(members, gradients);
    for (std::size_t i = 0; i < kCount; ++i) {
      for (const auto& gradient : gradients) difference[i] += static_cast<double>(gradient[i]);
      difference[i] -= static_cast<double>(outcome.sum[i]);
    }
  }
  double square_sum = 0.0;
  for (std::size_t i = 0; i < kCount; ++i) {
    double remembered = 0.0;
    for (const PowerSgd& member : members) remembered += static_cast<double>(member.memory()[i]);
    square_sum += std::pow(difference[i] - remembered, 2);
    size += remembered * remembered;
  }
  CHECK(std::sqrt(square_sum / size) < 1e-5);
}

// Power iteration: with a warm start the factors of a constant matrix approach its greatest singular vectors, which is
// why the memory stays bounded.
TEST_CASE("the warm start finds the greatest singular vector of a constant matrix") {
  std::vector<float> gradient = gradient_of_rank(1, 0);
  const std::vector<float> rest = gradient_of_rank(6, 1);
  for (std::size_t i = kOffset; i < kOffset + kMatrix.size(); ++i) gradient[i] = 3.0F * gradient[i] + 0.3F * rest[i];
  // The greatest singular value by power iteration in double precision.
  std::vector<double> v(kColumns, 1.0);
  double sigma = 0.0;
  for (int pass = 0; pass < 500; ++pass) {
    std::vector<double> next(kColumns, 0.0);
    for (std::size_t i = 0; i < kRows; ++i) {
      double u = 0.0;
      for (std::size_t j = 0; j < kColumns; ++j) u += static_cast<double>(gradient[kOffset + i * kColumns + j]) * v[j];
      for (std::size_t j = 0; j < kColumns; ++j)
        next[j] += u * static_cast<double>(gradient[kOffset + i * kColumns + j]);
    }
    double norm = 0.0;
    for (const double value : next) norm += value * value;
    sigma = std::sqrt(std::sqrt(norm));
    for (std::size_t j = 0; j < kColumns; ++j) v[j] = next[j] / std::sqrt(norm);
  }
  // A new member each time would start from random factors; this one continues without its memory.
  std::vector<PowerSgd> members;
  members.push_back(make(1));
  std::vector<float> left(members[0].left_count());
  std::vector<float> right(members[0].right_count());
  std::vector<float> sum(kCount);
  double found = 0.0;
  for (int update = 0; update < 30; ++update) {
    std::vector<float> corrected = gradient;
    for (std::size_t i = 0; i < kCount; ++i) corrected[i] -= members[0].memory()[i];
    members[0].write_left(corrected, left);
    members[0].write_right(left, right);
    members[0].decode(left, right, sum);
    found = 0.0;
    for (const float value : right) found += static_cast<double>(value) * static_cast<double>(value);
  }
  CHECK(std::fabs(std::sqrt(found) - sigma) < 1e-4 * sigma);
}

TEST_CASE("a gradient of zeros crosses as zeros, and the next one is found again") {
  std::vector<PowerSgd> members;
  members.push_back(make(2));
  const std::vector<float> nothing(kCount, 0.0F);
  CHECK((joined(members, {nothing}).sum == nothing));
  const std::vector<float> gradient = gradient_of_rank(2, 1);
  CHECK(relative_distance(joined(members, {gradient}).sum, gradient) < 1e-5);
}

TEST_CASE("messages have the length of the closed form, and thin matrices go as they are") {
  NetworkSpec spec;
  spec.observation_size = 3;
  spec.head_size = 1;
  spec.hidden = {64, 64};
  spec.shared_trunk = true;
  const NetworkLayout layout(spec);
  const PowerSgd power_sgd(weight_matrices(layout), layout.parameter_count, 2, 1);
  // 3 x 64: 2 (3 + 64) = 134 < 192; 64 x 64: 256 < 4096; the heads' 64 x 1 would be 65 in place of 64.
  const std::size_t plain = layout.parameter_count - 3 * 64 - 64 * 64;
  CHECK(power_sgd.left_count() == 2 * (3 + 64) + plain);
  CHECK(power_sgd.right_count() == 2 * (64 + 64));
  CHECK_THROWS_AS(PowerSgd({}, 10, 0, 1), std::invalid_argument);
}
