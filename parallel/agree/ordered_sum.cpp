#include "parallel/agree/ordered_sum.hpp"

#include <algorithm>

namespace prl {

void OrderedSum::add_up(std::span<double> values) {
  if (values.empty()) return;
  const std::size_t count = values.size();
  const auto members = static_cast<std::size_t>(transport_.size());
  const auto own = static_cast<std::size_t>(transport_.rank());
  sent_.assign(values.begin(), values.end());
  received_.resize(count * members);
  const std::span<double> received(received_);
  pieces_.run([&](int) { return std::span(sent_); },
              [&](int from) { return received.subspan(static_cast<std::size_t>(from) * count, count); },
              Purpose::kControl);
  std::copy(sent_.begin(), sent_.end(), received.subspan(own * count).begin());
  std::fill(values.begin(), values.end(), 0.0);
  for (std::size_t member = 0; member < members; ++member) {
    for (std::size_t i = 0; i < count; ++i) values[i] += received[member * count + i];
  }
}

}  // namespace prl
