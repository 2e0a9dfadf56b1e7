#include "parallel/agree/gossip/member_average.hpp"

#include <cmath>
#include <cstring>
#include <vector>

namespace prl {

template <typename Scalar>
double average_copies(std::span<const Scalar* const> copies, std::span<Scalar> average) {
  const auto members = static_cast<double>(copies.size());
  double squares = 0.0;
  for (std::size_t k = 0; k < average.size(); ++k) {
    double sum = 0.0;
    for (const Scalar* values : copies) sum += static_cast<double>(values[k]);
    const double mean = sum / members;
    average[k] = static_cast<Scalar>(mean);
    for (const Scalar* values : copies) {
      const double distance = static_cast<double>(values[k]) - mean;
      squares += distance * distance;
    }
  }
  return std::sqrt(squares / members);
}

template <typename Scalar>
AverageOfMembers<Scalar>::AverageOfMembers(Transport& transport, std::size_t parameter_count)
    : transport_(transport),
      average_(parameter_count),
      stride_(round_up_to_cache_line(parameter_count * sizeof(Scalar) + sizeof(std::uint64_t))) {
  const int places = transport.rank() == 0 ? transport.size() - 1 : 1;
  messages_ = AlignedBuffer<std::byte>(stride_ * static_cast<std::size_t>(places));
}

// A message holds the parameters, then the bytes of weights that its sender has sent.
template <typename Scalar>
MemberAverage AverageOfMembers<Scalar>::measure(std::span<const Scalar> parameters, std::uint64_t bytes_before) {
  const CommunicationLedger before = transport_.ledger();
  const std::uint64_t own_bytes = bytes_before + before.of(Purpose::kWeights).bytes;
  const std::size_t message_bytes = parameters.size_bytes() + sizeof(own_bytes);
  MemberAverage answer;
  if (transport_.rank() == 0) {
    std::vector<Incoming> incoming;
    for (int from = 1; from < transport_.size(); ++from) {
      incoming.push_back({from, messages_.span().subspan(stride_ * static_cast<std::size_t>(from - 1), message_bytes)});
    }
    transport_.exchange_all({}, incoming, Purpose::kControl);
    answer = add_up(parameters, own_bytes);
  } else {
    std::memcpy(messages_.data(), parameters.data(), parameters.size_bytes());
    std::memcpy(messages_.data() + parameters.size_bytes(), &own_bytes, sizeof(own_bytes));
    transport_.send(0, messages_.span().first(message_bytes), Purpose::kControl);
  }
  transport_.ledger() = before;
  return answer;
}

template <typename Scalar>
MemberAverage AverageOfMembers<Scalar>::add_up(std::span<const Scalar> own, std::uint64_t own_bytes) {
  const auto members = static_cast<std::size_t>(transport_.size());
  MemberAverage answer{0.0, own_bytes};
  std::vector<const Scalar*> of_member{own.data()};
  for (std::size_t other = 0; other + 1 < members; ++other) {
    const std::byte* message = messages_.data() + stride_ * other;
    of_member.push_back(reinterpret_cast<const Scalar*>(message));
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, message + own.size_bytes(), sizeof(bytes));
    answer.bytes += bytes;
  }
  answer.disagreement = average_copies<Scalar>(of_member, average_.span());
  return answer;
}

template double average_copies(std::span<const float* const>, std::span<float>);
template double average_copies(std::span<const double* const>, std::span<double>);
template class AverageOfMembers<float>;
template class AverageOfMembers<double>;

}  // namespace prl
