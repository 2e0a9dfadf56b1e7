#include "parallel/schedule/parameter_versions.hpp"

#include <algorithm>
#include <stdexcept>

namespace prl {
namespace {

std::size_t buffers_for(int readers) { return static_cast<std::size_t>(readers) + 2; }

std::size_t stride_of(std::size_t parameter_count) {
  return round_up_to_cache_line(parameter_count * sizeof(float)) / sizeof(float);
}

}  // namespace

std::size_t ParameterVersions::bytes_for(int readers, std::size_t parameter_count) {
  return SharedRegion::bytes_for<Reader>(static_cast<std::size_t>(readers)) +
         SharedRegion::bytes_for<std::uint64_t>(buffers_for(readers)) +
         SharedRegion::bytes_for<float>(buffers_for(readers) * stride_of(parameter_count)) +
         SharedRegion::bytes_for<std::atomic<std::uint64_t>>(1) +
         SharedRegion::bytes_for<std::atomic<std::uint32_t>>(1);
}

ParameterVersions::ParameterVersions(SharedRegion& region, int readers, std::size_t parameter_count)
    : parameter_count_(parameter_count),
      readers_(region.carve<Reader>(static_cast<std::size_t>(readers))),
      numbers_(region.carve<std::uint64_t>(buffers_for(readers))),
      values_(region.carve<float>(buffers_for(readers) * stride_of(parameter_count))),
      stride_(stride_of(parameter_count)),
      published_(region.make<std::atomic<std::uint64_t>>(0)),
      latest_(region.make<std::atomic<std::uint32_t>>(0)) {}

void ParameterVersions::publish(std::span<const float> parameters) {
  const std::uint32_t latest = latest_.load();
  for (std::uint32_t b = 0; b < numbers_.size(); ++b) {
    if (b == latest || is_held(b)) continue;
    std::copy_n(parameters.begin(), parameter_count_, values_.begin() + static_cast<std::ptrdiff_t>(b * stride_));
    numbers_[b] = published_.load(std::memory_order_relaxed);
    latest_.store(b);
    published_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  throw std::logic_error("more parameter versions are held than there are readers");
}

bool ParameterVersions::is_held(std::uint32_t buffer) const {
  return std::any_of(readers_.begin(), readers_.end(),
                     [buffer](const Reader& reader) { return reader.held.load() == buffer + 1; });
}

ParameterVersions::Held ParameterVersions::hold_latest(int reader) {
  while (true) {
    const std::uint32_t b = latest_.load();
    readers_[static_cast<std::size_t>(reader)].held.store(b + 1);
    if (latest_.load() == b) return {values_.data() + b * stride_, numbers_[b]};
  }
}

}  // namespace prl
