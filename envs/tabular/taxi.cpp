#include "envs/tabular/taxi.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace prl {
namespace {

constexpr int kSide = 5;
constexpr int kPlaces = 4;
constexpr int kInTaxi = 4;
constexpr int kActions = 6;
constexpr int kStates = kSide * kSide * (kPlaces + 1) * kPlaces;

// Between two columns ':' is open, '|' a wall.
constexpr std::array<std::string_view, kSide> kMap = {
    "|R: | : :G|",  //
    "| : | : : |",  //
    "| : : : : |",  //
    "| | : | : |",  //
    "|Y| : |B: |",
};

// As row * 5 + column: R, G, Y, B.
constexpr std::array<int, kPlaces> kPlaceCells = {0, 4, 20, 23};

struct TaxiState {
  int row;
  int column;
  int passenger;
  int destination;

  int index() const { return ((row * kSide + column) * (kPlaces + 1) + passenger) * kPlaces + destination; }
  int cell() const { return row * kSide + column; }
};

TaxiState state_of(int index) {
  const int cell = index / (kPlaces * (kPlaces + 1));
  return {cell / kSide, cell % kSide, index / kPlaces % (kPlaces + 1), index % kPlaces};
}

bool open_at(int row, int character) {
  return kMap[static_cast<std::size_t>(row)][static_cast<std::size_t>(character)] == ':';
}

TableOutcome pick_up(TaxiState state) {
  const bool there =
      state.passenger != kInTaxi && kPlaceCells[static_cast<std::size_t>(state.passenger)] == state.cell();
  if (there) state.passenger = kInTaxi;
  return {1.0, state.index(), there ? -1.0 : -10.0, false};
}

TableOutcome drop_off(TaxiState state) {
  const auto place = std::find(kPlaceCells.begin(), kPlaceCells.end(), state.cell());
  if (state.passenger != kInTaxi || place == kPlaceCells.end()) return {1.0, state.index(), -10.0, false};
  state.passenger = static_cast<int>(place - kPlaceCells.begin());
  const bool arrived = state.passenger == state.destination;
  return {1.0, state.index(), arrived ? 20.0 : -1.0, arrived};
}

TableOutcome outcome_of(int index, int action) {
  TaxiState state = state_of(index);
  if (action == 4) return pick_up(state);
  if (action == 5) return drop_off(state);
  if (action == 0) state.row = std::min(state.row + 1, kSide - 1);
  if (action == 1) state.row = std::max(state.row - 1, 0);
  if (action == 2 && open_at(state.row, 2 * state.column + 2)) ++state.column;
  if (action == 3 && open_at(state.row, 2 * state.column)) --state.column;
  return {1.0, state.index(), -1.0, false};
}

}  // namespace

TransitionTable taxi() {
  constexpr double kStarts = kSide * kSide * kPlaces * (kPlaces - 1);
  std::vector<double> start(kStates, 0.0);
  for (int index = 0; index < kStates; ++index) {
    const TaxiState state = state_of(index);
    if (state.passenger != kInTaxi && state.passenger != state.destination) {
      start[static_cast<std::size_t>(index)] = 1.0 / kStarts;
    }
  }
  return {kStates, kActions, [](int state, int action) { return std::vector{outcome_of(state, action)}; }, start};
}

}  // namespace prl
