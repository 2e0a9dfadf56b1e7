// The matrix product against one chain of multiply-adds an element, bit for bit, in every shape of tile and tail.
#include "core/matrix_product.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/float_math.hpp"
#include "core/random.hpp"
#include "tests/catch2.hpp"

namespace {

using prl::MatrixProduct;

constexpr float kUntouched = -123.0F;

std::vector<float> random_floats(std::size_t count, std::uint32_t stream) {
  prl::Rng rng(3, prl::RandomPurpose::kAction, stream, 0);
  std::vector<float> values(count);
  for (float& value : values) value = rng.normal();
  return values;
}

// Element (row, column) as the header defines it.
float chain(const MatrixProduct& p, int row, int column) {
  float sum = p.bias != nullptr ? p.bias[column] : 0.0F;
  for (int k = 0; k < p.depth; ++k) {
    sum = prl::multiply_add(p.a[row * p.a_row_stride + k * p.a_depth_stride], p.b[k * p.b_stride + column], sum);
  }
  return sum;
}

struct Shape {
  int rows, columns, depth;
};

// Rows of A, B and C lie apart by more than their length, and each starts `offset` floats after a vector's address.
// Compares every element with its chain and sees that nothing between the rows of C is written.
void check_product(const Shape& shape, bool transposed, bool with_bias, std::size_t offset) {
  const auto [rows, columns, depth] = shape;
  CAPTURE(rows, columns, depth, transposed, with_bias, offset);
  const std::ptrdiff_t a_length = (transposed ? rows : depth) + 1;
  const std::ptrdiff_t b_stride = columns + 3;
  const std::ptrdiff_t c_stride = columns + 2;
  const auto a_floats = static_cast<std::size_t>(a_length * (transposed ? depth : rows));
  const std::vector<float> a = random_floats(a_floats + offset, 1);
  const std::vector<float> b = random_floats(static_cast<std::size_t>(depth * b_stride) + offset, 2);
  const std::vector<float> bias = random_floats(static_cast<std::size_t>(columns) + offset, 3);
  std::vector<float> c(static_cast<std::size_t>(rows * c_stride) + offset, kUntouched);
  const MatrixProduct product{.rows = rows,
                              .columns = columns,
                              .depth = depth,
                              .a = a.data() + offset,
                              .a_row_stride = transposed ? 1 : a_length,
                              .a_depth_stride = transposed ? a_length : 1,
                              .b = b.data() + offset,
                              .b_stride = b_stride,
                              .bias = with_bias ? bias.data() + offset : nullptr,
                              .c = c.data() + offset,
                              .c_stride = c_stride};
  prl::multiply(product);
  int wrong = 0;
  for (int r = 0; r < rows; ++r) {
    for (int j = 0; j < c_stride; ++j) {
      wrong += product.c[r * c_stride + j] != (j < columns ? chain(product, r, j) : kUntouched);
    }
  }
  for (std::size_t i = 0; i < offset; ++i) wrong += c[i] != kUntouched;
  REQUIRE(wrong == 0);
}

}  // namespace

TEST_CASE("Every element is one chain of multiply-adds in the order of depth, whatever tile or tail it falls in") {
  const bool transposed = GENERATE(false, true);
  const bool with_bias = GENERATE(false, true);
  for (int rows = 1; rows <= 19; ++rows) {
    for (const int columns : {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 48, 63, 64, 65, 127, 128, 130, 145}) {
      for (const int depth : {1, 2, 5, 33}) check_product({rows, columns, depth}, transposed, with_bias, 0);
    }
  }
}

TEST_CASE("Operands need no alignment") {
  for (std::size_t offset = 1; offset < 16; ++offset) {
    for (const Shape& shape : {Shape{1, 17, 3}, Shape{6, 40, 5}, Shape{9, 33, 16}, Shape{16, 256, 7}}) {
      check_product(shape, false, true, offset);
      check_product(shape, true, false, offset);
    }
  }
}

TEST_CASE("The shapes of the networks in use") {
  for (const Shape& shape : {Shape{64, 256, 256}, Shape{1, 256, 3}, Shape{64, 1, 256}, Shape{64, 64, 64}}) {
    check_product(shape, false, true, 0);
    check_product(shape, true, false, 0);
  }
}

TEST_CASE("A product of depth 0 is the bias, or zero") {
  std::vector<float> bias = {1.0F, 2.0F, 3.0F};
  std::vector<float> c(6, kUntouched);
  MatrixProduct product{.rows = 2, .columns = 3, .b_stride = 3, .bias = bias.data(), .c = c.data(), .c_stride = 3};
  prl::multiply(product);
  CHECK(c == std::vector<float>{1, 2, 3, 1, 2, 3});
  product.bias = nullptr;
  prl::multiply(product);
  CHECK(c == std::vector<float>(6, 0.0F));
}

TEST_CASE("A product agrees with double precision within the rounding of its terms") {
  const int depth = 256;
  const std::vector<float> a = random_floats(static_cast<std::size_t>(depth), 4);
  const std::vector<float> b = random_floats(static_cast<std::size_t>(depth) * 20, 5);
  std::vector<float> c(20);
  prl::multiply({.rows = 1,
                 .columns = 20,
                 .depth = depth,
                 .a = a.data(),
                 .a_row_stride = depth,
                 .a_depth_stride = 1,
                 .b = b.data(),
                 .b_stride = 20,
                 .c = c.data(),
                 .c_stride = 20});
  for (std::size_t j = 0; j < 20; ++j) {
    double sum = 0.0;
    double size = 0.0;
    for (std::size_t k = 0; k < a.size(); ++k) {
      const double term = static_cast<double>(a[k]) * static_cast<double>(b[k * 20 + j]);
      sum += term;
      size += std::abs(term);
    }
    CHECK(std::abs(static_cast<double>(c[j]) - sum) < depth * 0x1p-24 * size);
  }
}
