// Where a thread stands in a launch. A kernel's body is a function of this index and of views of flat buffers, so that
// the host runs it too, with the grid's and the block's indices as loop variables.
#pragma once

#include <cstdint>

#include "core/host_device.hpp"

namespace prl {

struct ThreadIndex {
  std::int32_t block = 0;
  std::int32_t thread = 0;         // in its block
  std::int32_t block_threads = 1;  // threads of a block

  PRL_HOST_DEVICE std::int64_t global() const { return static_cast<std::int64_t>(block) * block_threads + thread; }
};

// Blocks of `block_threads` that cover `count` items, an item a thread.
constexpr std::int32_t covering_blocks(std::int64_t count, std::int32_t block_threads) {
  return static_cast<std::int32_t>((count + block_threads - 1) / block_threads);
}

// A launch on the host: body(ThreadIndex) for every thread, one after the other. Of bodies without barriers.
template <typename Body>
void for_each_thread(std::int32_t blocks, std::int32_t block_threads, const Body& body) {
  for (std::int32_t block = 0; block < blocks; ++block) {
    for (std::int32_t thread = 0; thread < block_threads; ++thread) body(ThreadIndex{block, thread, block_threads});
  }
}

}  // namespace prl
