// What a run has to keep so that another process can go on with it bit by bit, as named spans of bytes where they lie.
// Whoever holds state adds it; a checkpoint is written from the spans, or written into them.
//
// State may be spread over workers. What each of them has of its own goes under its owner's name; of what is one thing in
// other modes of collecting and learning, such as the states of all environments, each adds its piece.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace prl {

class RunState {
 public:
  // Of the item `name`, which is `whole` bytes long, the bytes from `offset` on.
  struct Piece {
    std::string name;
    std::size_t offset = 0;
    std::size_t whole = 0;
    std::span<std::byte> bytes;
  };

  // The values must outlive this.
  template <typename T>
  void add(std::string name, std::span<T> values) {
    add_piece(std::move(name), values, 0, values.size());
  }
  template <typename T>
  void add_value(std::string name, T& value) {
    add(std::move(name), std::span<T>(&value, 1));
  }
  // `values` are those from the `first`-th on of `all`.
  template <typename T>
  void add_piece(std::string name, std::span<T> values, std::size_t first, std::size_t all) {
    static_assert(std::is_trivially_copyable_v<T>);
    pieces_.push_back({owner_ + std::move(name), first * sizeof(T), all * sizeof(T), std::as_writable_bytes(values)});
  }
  void add(Piece piece) { pieces_.push_back(std::move(piece)); }

  // A value of each parameter that an optimiser keeps: of this worker's only the range that it steps.
  void add_averages(std::string name, std::span<float> values) {
    const std::size_t end = last_held_ < values.size() ? last_held_ : values.size();
    const std::size_t begin = first_held_ < end ? first_held_ : end;
    add_piece(std::move(name), values.subspan(begin, end - begin), begin, values.size());
  }
  // From now on averages are held of the parameters [begin, end) alone.
  void hold_averages(std::size_t begin, std::size_t end) {
    first_held_ = begin;
    last_held_ = end;
  }

  // From now on names are the owner's: "owner, name".
  void set_owner(const std::string& owner) { owner_ = owner.empty() ? "" : owner + ", "; }

  const std::vector<Piece>& pieces() const { return pieces_; }

 private:
  std::vector<Piece> pieces_;
  std::string owner_;
  std::size_t first_held_ = 0;
  std::size_t last_held_ = static_cast<std::size_t>(-1);
};

}  // namespace prl
