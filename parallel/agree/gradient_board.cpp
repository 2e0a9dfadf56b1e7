#include "parallel/agree/gradient_board.hpp"

#include <stdexcept>

namespace prl {
namespace {

std::size_t product(int a, int b) { return static_cast<std::size_t>(a) * static_cast<std::size_t>(b); }

std::size_t stride_of(int members, int shards_per_member, std::size_t parameter_count) {
  if (members < 1 || shards_per_member < 1) {
    throw std::invalid_argument("gradients are joined by at least one member with at least one shard");
  }
  return SharedRegion::bytes_for<float>(parameter_count) / sizeof(float);
}

}  // namespace

GradientBoard::GradientBoard(int members, int shards_per_member, std::size_t parameter_count)
    : members_(members),
      shards_per_member_(shards_per_member),
      stride_(stride_of(members, shards_per_member, parameter_count)),
      region_("parameters and gradients",
              SharedRegion::bytes_for<float>(stride_ * (product(members, shards_per_member) + 2)) +
                  SharedRegion::bytes_for<double>(product(members, shards_per_member)) +
                  SharedRegion::bytes_for<double>(product(members, 2) * kSlotDoubles) +
                  SharedRegion::bytes_for<CommunicationLedger>(product(members, 1)) +
                  SharedRegion::bytes_for<SharedBarrier>(1)),
      parameters_(region_.carve<float>(parameter_count)),
      gradients_(region_.carve<float>(stride_ * product(members, shards_per_member))),
      sum_(region_.carve<float>(parameter_count)),
      square_sums_(region_.carve<double>(product(members, shards_per_member))),
      slots_(region_.carve<double>(product(members, 2) * kSlotDoubles)),
      ledgers_(region_.carve<CommunicationLedger>(product(members, 1))),
      barrier_(region_.make<SharedBarrier>(members)) {}

}  // namespace prl
