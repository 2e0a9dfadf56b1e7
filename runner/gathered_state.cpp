#include "runner/gathered_state.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <utility>

namespace prl {
namespace {

constexpr std::size_t kBytesPerDouble = 6;
constexpr std::size_t kDoublesAtATime = 4096;

// Of each piece: the lengths of its name and its bytes, its offset and whole length; the name; the bytes.
using PieceHead = std::array<std::uint64_t, 4>;

void append(std::vector<std::byte>& message, const void* bytes, std::size_t count) {
  const auto* first = static_cast<const std::byte*>(bytes);
  message.insert(message.end(), first, first + count);
}

std::vector<std::byte> packed(const RunState& state) {
  std::vector<std::byte> message;
  for (const RunState::Piece& piece : state.pieces()) {
    const PieceHead head = {piece.name.size(), piece.bytes.size(), piece.offset, piece.whole};
    append(message, head.data(), sizeof(head));
    append(message, piece.name.data(), piece.name.size());
    append(message, piece.bytes.data(), piece.bytes.size());
  }
  return message;
}

double encoded(std::span<const std::byte> bytes) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes.data(), bytes.size());
  return static_cast<double>(word);
}

void decode(double value, std::span<std::byte> bytes) {
  const auto word = static_cast<std::uint64_t>(value);
  std::memcpy(bytes.data(), &word, bytes.size());
}

// Calls visit(double, its bytes) for every double that `part` crosses in.
template <typename Visit>
void for_doubles(std::span<double> doubles, std::span<std::byte> part, const Visit& visit) {
  for (std::size_t i = 0; i < doubles.size(); ++i) {
    const std::size_t begin = i * kBytesPerDouble;
    visit(doubles[i], part.subspan(begin, std::min(kBytesPerDouble, part.size() - begin)));
  }
}

// `message` of one worker, whose others have room for it, to all of them.
void share(std::span<std::byte> message, bool own, const SumOverWorkers& sum) {
  std::vector<double> doubles;
  for (std::size_t begin = 0; begin < message.size(); begin += kDoublesAtATime * kBytesPerDouble) {
    const std::span<std::byte> part =
        message.subspan(begin, std::min(kDoublesAtATime * kBytesPerDouble, message.size() - begin));
    doubles.assign((part.size() + kBytesPerDouble - 1) / kBytesPerDouble, 0.0);
    if (own) for_doubles(doubles, part, [](double& value, auto bytes) { value = encoded(bytes); });
    sum(doubles);
    if (!own) for_doubles(doubles, part, [](double value, auto bytes) { decode(value, bytes); });
  }
}

}  // namespace

void GatheredState::gather(const RunState& own, int worker, int workers, const SumOverWorkers& sum) {
  std::vector<std::byte> message = worker > 0 ? packed(own) : std::vector<std::byte>();
  std::vector<double> sizes(static_cast<std::size_t>(workers), 0.0);
  sizes[static_cast<std::size_t>(worker)] = static_cast<double>(message.size());
  sum(sizes);
  messages_.resize(sizes.size() - 1);
  std::vector<std::byte> passing;
  for (std::size_t from = 1; from < sizes.size(); ++from) {
    const bool mine = static_cast<int>(from) == worker;
    std::vector<std::byte>& place = mine ? message : worker == 0 ? messages_[from - 1] : passing;
    place.resize(static_cast<std::size_t>(sizes[from]));
    share(place, mine, sum);
  }
}

void GatheredState::add_to(RunState& state) {
  for (std::vector<std::byte>& message : messages_) {
    std::span<std::byte> left(message);
    while (!left.empty()) {
      PieceHead head;
      std::memcpy(head.data(), left.data(), sizeof(head));
      const auto [name_bytes, bytes, offset, whole] = head;
      std::string name(reinterpret_cast<const char*>(left.data()) + sizeof(head), name_bytes);
      left = left.subspan(sizeof(head) + name_bytes);
      state.add({std::move(name), offset, whole, left.first(bytes)});
      left = left.subspan(bytes);
    }
  }
}

}  // namespace prl
