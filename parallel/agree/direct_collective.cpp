#include "parallel/agree/direct_collective.hpp"

#include "parallel/agree/gradient_reduction.hpp"

namespace prl {
namespace {

std::size_t index(int i) { return static_cast<std::size_t>(i); }

}  // namespace

DirectCollective::DirectCollective(Transport& transport, std::size_t parameter_count)
    : transport_(transport),
      parameter_count_(parameter_count),
      sum_(parameter_count),
      parts_(index(transport.size())),
      pieces_(transport) {
  const std::size_t own_count = own_range().size();
  for (int member = 0; member < transport.size(); ++member) {
    received_.emplace_back(member == transport.rank() ? 0 : own_count);
  }
}

std::span<const float> DirectCollective::reduce_scatter(std::span<const float> gradient) {
  if (transport_.size() == 1) return gradient;
  pieces_.run(
      [&](int to) {
        const ParameterRange range = range_of_member(to);
        return gradient.subspan(range.begin, range.size());
      },
      [&](int from) { return received_[index(from)].span(); }, Purpose::kGradients);
  const ParameterRange own = own_range();
  for (int member = 0; member < transport_.size(); ++member) {
    parts_[index(member)] = member == transport_.rank() ? gradient.data() + own.begin : received_[index(member)].data();
  }
  sum_gradients(parts_, own.size(), sum_.data() + own.begin);
  return sum_.span();
}

void DirectCollective::all_gather(std::span<float> parameters) {
  const auto range = [&](int member) {
    const ParameterRange own = range_of_member(member);
    return parameters.subspan(own.begin, own.size());
  };
  pieces_.run([&](int) { return range(transport_.rank()); }, range, Purpose::kGradients);
}

}  // namespace prl
