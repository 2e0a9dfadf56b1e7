// A hidden layer for the 128 environments of a block, in its shared memory:
//
//   y[j][row] = b[j] + sum over k of x[k][row] W[k][j],   k ascending, one fused multiply-add a term,
//
// which is core/matrix_product.hpp's chain, so outputs have the bits of the processor's policy. Each of 128 threads
// computes 8 rows by 8 outputs in registers: 64 multiply-adds for 16 words of shared memory, read as four quads. Its
// rows and columns are two runs of four, 64 rows and 32 columns apart, so that the threads of a warp read neighbouring
// quads, which no two banks of the memory collide in.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/float_math.hpp"
#include "core/host_device.hpp"
#include "core/loop_hints.hpp"
#include "core/network_layout.hpp"
#include "device/rollout_network.hpp"

namespace prl {

inline constexpr std::int32_t kRolloutThreads = 128;  // of a block, and its environments: rows
inline constexpr std::int32_t kTileEdge = 8;

using TileEdge = std::array<float, kTileEdge>;
using DenseTile = std::array<TileEdge, kTileEdge>;  // [row][column]

// Where the halves of a thread's rows and columns begin.
PRL_HOST_DEVICE constexpr std::int32_t tile_row(std::int32_t thread, std::int32_t half) {
  return thread / 8 * 4 + half * kRolloutThreads / 2;
}
PRL_HOST_DEVICE constexpr std::int32_t tile_column(std::int32_t thread, std::int32_t half) {
  return thread % 8 * 4 + half * kRolloutWidth / 2;
}

// Four floats at a multiple of 16 bytes, in one access on the device.
PRL_HOST_DEVICE inline void load_quad(const float* from, float* to) {
#if defined(__CUDA_ARCH__)
  const float4 quad = *reinterpret_cast<const float4*>(from);
  to[0] = quad.x;
  to[1] = quad.y;
  to[2] = quad.z;
  to[3] = quad.w;
#else
  for (int n = 0; n < 4; ++n) to[n] = from[n];
#endif
}
PRL_HOST_DEVICE inline void store_quad(float a, float b, float c, float d, float* to) {
#if defined(__CUDA_ARCH__)
  *reinterpret_cast<float4*>(to) = make_float4(a, b, c, d);
#else
  to[0] = a;
  to[1] = b;
  to[2] = c;
  to[3] = d;
#endif
}

// A thread's tile of the layer's products. `inputs`: [layer.inputs][kRolloutThreads], `parameters`: the flat buffer.
PRL_HOST_DEVICE PRL_DEVICE_INLINE void multiply_tile(const DenseLayer& layer, const float* parameters,
                                                     const float* inputs, std::int32_t thread, DenseTile& tile) {
  const float* weights = parameters + layer.weight_offset;
  TileEdge row;
  TileEdge column;
  PRL_DEVICE_UNROLL
  for (std::int32_t half = 0; half < 2; ++half) {
    load_quad(parameters + layer.bias_offset + tile_column(thread, half), column.data() + half * 4);
  }
  PRL_DEVICE_UNROLL
  for (TileEdge& sums : tile) sums = column;
  for (std::int32_t k = 0; k < layer.inputs; ++k) {
    PRL_DEVICE_UNROLL
    for (std::int32_t half = 0; half < 2; ++half) {
      load_quad(inputs + k * kRolloutThreads + tile_row(thread, half), row.data() + half * 4);
      load_quad(weights + k * kRolloutWidth + tile_column(thread, half), column.data() + half * 4);
    }
    PRL_DEVICE_UNROLL
    for (std::size_t i = 0; i < kTileEdge; ++i) {
      PRL_DEVICE_UNROLL
      for (std::size_t j = 0; j < kTileEdge; ++j) tile[i][j] = multiply_add(row[i], column[j], tile[i][j]);
    }
  }
}

// Applies the activation and writes the tile to `outputs`, [kRolloutWidth][kRolloutThreads].
PRL_HOST_DEVICE PRL_DEVICE_INLINE void store_tile(Activation activation, std::int32_t thread, DenseTile& tile,
                                                  float* outputs) {
  PRL_DEVICE_UNROLL
  for (TileEdge& row : tile) {
    PRL_DEVICE_UNROLL
    for (float& x : row) x = activation == Activation::kTanh ? fast_tanh(x) : (x > 0.0F ? x : 0.0F);
  }
  PRL_DEVICE_UNROLL
  for (std::int32_t half = 0; half < 2; ++half) {
    PRL_DEVICE_UNROLL
    for (std::int32_t j = 0; j < kTileEdge; ++j) {
      float* to = outputs + (tile_column(thread, j / 4) + j % 4) * kRolloutThreads + tile_row(thread, half);
      const auto i = static_cast<std::size_t>(half) * 4;
      const auto column = static_cast<std::size_t>(j);
      store_quad(tile[i][column], tile[i + 1][column], tile[i + 2][column], tile[i + 3][column], to);
    }
  }
}

}  // namespace prl
