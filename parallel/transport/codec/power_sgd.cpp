#include "parallel/transport/codec/power_sgd.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

#include "core/random.hpp"

namespace prl {
namespace {

// In 16 sums, whatever the vector width.
float dot(const float* a, const float* b, std::size_t count) {
  constexpr std::size_t kSums = 16;
  std::array<float, kSums> sums{};
  std::size_t i = 0;
  for (; i + kSums <= count; i += kSums) {
    for (std::size_t s = 0; s < kSums; ++s) sums[s] += a[i + s] * b[i + s];
  }
  for (std::size_t s = 0; i < count; ++i, ++s) sums[s] += a[i] * b[i];
  for (std::size_t width = kSums / 2; width > 0; width /= 2) {
    for (std::size_t s = 0; s < width; ++s) sums[s] += sums[s + width];
  }
  return sums[0];
}

void add_scaled(float scale, const float* from, std::size_t count, float* to) {
  for (std::size_t i = 0; i < count; ++i) to[i] += scale * from[i];
}

double column_dot(const float* matrix, std::size_t rows, std::size_t rank, std::size_t a, std::size_t b) {
  double sum = 0.0;
  for (std::size_t i = 0; i < rows; ++i) {
    sum += static_cast<double>(matrix[i * rank + a]) * static_cast<double>(matrix[i * rank + b]);
  }
  return sum;
}

void scale_column(float* matrix, std::size_t rows, std::size_t rank, std::size_t column, double scale) {
  for (std::size_t i = 0; i < rows; ++i) {
    matrix[i * rank + column] = static_cast<float>(scale * static_cast<double>(matrix[i * rank + column]));
  }
}

// Modified Gram-Schmidt, each column twice (Giraud, Langou, Rozloznik 2005: twice is enough). A column that lies in the
// span of those before it within rounding becomes zero.
void orthonormalise(float* matrix, std::size_t rows, std::size_t rank) {
  constexpr double kVanished = 1e-5;
  for (std::size_t j = 0; j < rank; ++j) {
    const double before = std::sqrt(column_dot(matrix, rows, rank, j, j));
    for (int pass = 0; pass < 2; ++pass) {
      for (std::size_t l = 0; l < j; ++l) {
        const double part = column_dot(matrix, rows, rank, l, j);
        for (std::size_t i = 0; i < rows; ++i) {
          matrix[i * rank + j] -= static_cast<float>(part * static_cast<double>(matrix[i * rank + l]));
        }
      }
    }
    const double after = std::sqrt(column_dot(matrix, rows, rank, j, j));
    scale_column(matrix, rows, rank, j, after <= kVanished * before ? 0.0 : 1.0 / after);
  }
}

}  // namespace

std::vector<MatrixBlock> weight_matrices(const NetworkLayout& layout) {
  std::vector<MatrixBlock> matrices;
  const auto add = [&](const DenseLayer& layer) {
    matrices.push_back(
        {layer.weight_offset, static_cast<std::size_t>(layer.inputs), static_cast<std::size_t>(layer.outputs)});
  };
  for (const auto& stack : layout.stacks) std::for_each(stack.begin(), stack.end(), add);
  add(layout.policy_head);
  add(layout.value_head);
  return matrices;
}

PowerSgd::PowerSgd(std::span<const MatrixBlock> matrices, std::size_t count, int rank, std::uint64_t seed)
    : seed_(seed), memory_(count) {
  if (rank < 1) throw std::invalid_argument("factors of a matrix have a rank of at least 1");
  place(matrices, count, rank);
  right_factors_ = AlignedBuffer<float>(right_count_);
  for (const Factored& f : factored_) redraw_vanished(f);
}

void PowerSgd::place(std::span<const MatrixBlock> matrices, std::size_t count, int rank) {
  std::size_t next = 0;  // the first parameter that has no place yet
  const auto leave_plain = [&](std::size_t end) {
    if (next < end) plain_.push_back({next, end});
  };
  for (const MatrixBlock& matrix : matrices) {
    const std::size_t r = std::min({static_cast<std::size_t>(rank), matrix.rows, matrix.columns});
    if (r * (matrix.rows + matrix.columns) >= matrix.size()) continue;
    leave_plain(matrix.offset);
    next = matrix.offset + matrix.size();
    factored_.push_back({matrix, r, left_count_, right_count_});
    left_count_ += r * matrix.rows;
    right_count_ += r * matrix.columns;
  }
  leave_plain(count);
  for (const ParameterRange& range : plain_) left_count_ += range.size();
}

// Columns of Q that are zero, as all are at first: powers of M never leave zero.
void PowerSgd::redraw_vanished(const Factored& f) {
  for (std::size_t j = 0; j < f.rank; ++j) {
    float* const column = right_factors_.data() + f.right + j * f.matrix.columns;
    if (std::any_of(column, column + f.matrix.columns, [](float value) { return value != 0.0F; })) continue;
    Rng rng(seed_, RandomPurpose::kCodec, static_cast<std::uint32_t>(f.right + j), update_);
    std::generate_n(column, f.matrix.columns, [&rng] { return rng.normal(); });
  }
}

void PowerSgd::write_left(std::span<const float> gradient, std::span<float> left) {
  add_scaled(1.0F, gradient.data(), gradient.size(), memory_.data());
  for (const Factored& f : factored_) {
    for (std::size_t i = 0; i < f.matrix.rows; ++i) {
      const float* const row = memory_.data() + f.matrix.offset + i * f.matrix.columns;
      for (std::size_t j = 0; j < f.rank; ++j) {
        const float* const column = right_factors_.data() + f.right + j * f.matrix.columns;
        left[f.left + i * f.rank + j] = dot(row, column, f.matrix.columns);
      }
    }
  }
  std::size_t at = left_count_;
  for (const ParameterRange& range : plain_) at -= range.size();
  for (const ParameterRange& range : plain_) {
    float* const from = memory_.data() + range.begin;
    std::copy_n(from, range.size(), left.data() + at);
    std::fill_n(from, range.size(), 0.0F);
    at += range.size();
  }
}

void PowerSgd::write_right(std::span<float> left_sum, std::span<float> right) {
  std::fill(right.begin(), right.end(), 0.0F);
  for (const Factored& f : factored_) {
    float* const left = left_sum.data() + f.left;
    orthonormalise(left, f.matrix.rows, f.rank);
    for (std::size_t i = 0; i < f.matrix.rows; ++i) {
      const float* const row = memory_.data() + f.matrix.offset + i * f.matrix.columns;
      for (std::size_t j = 0; j < f.rank; ++j) {
        add_scaled(left[i * f.rank + j], row, f.matrix.columns, right.data() + f.right + j * f.matrix.columns);
      }
    }
    for (std::size_t i = 0; i < f.matrix.rows; ++i) {
      float* const row = memory_.data() + f.matrix.offset + i * f.matrix.columns;
      for (std::size_t j = 0; j < f.rank; ++j) {
        add_scaled(-left[i * f.rank + j], right.data() + f.right + j * f.matrix.columns, f.matrix.columns, row);
      }
    }
  }
}

void PowerSgd::decode(std::span<const float> left_sum, std::span<const float> right_sum,
                      std::span<float> gradient_sum) {
  std::copy(right_sum.begin(), right_sum.end(), right_factors_.data());
  ++update_;
  for (const Factored& f : factored_) {
    for (std::size_t i = 0; i < f.matrix.rows; ++i) {
      float* const row = gradient_sum.data() + f.matrix.offset + i * f.matrix.columns;
      std::fill_n(row, f.matrix.columns, 0.0F);
      for (std::size_t j = 0; j < f.rank; ++j) {
        add_scaled(left_sum[f.left + i * f.rank + j], right_factors_.data() + f.right + j * f.matrix.columns,
                   f.matrix.columns, row);
      }
    }
    redraw_vanished(f);
  }
  std::size_t at = left_count_;
  for (const ParameterRange& range : plain_) at -= range.size();
  for (const ParameterRange& range : plain_) {
    std::copy_n(left_sum.data() + at, range.size(), gradient_sum.data() + range.begin);
    at += range.size();
  }
}

}  // namespace prl
