#include "envs/tabular/frozen_lake.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace prl {
namespace {

constexpr std::string_view kSmallMap =
    "SFFF"
    "FHFH"
    "FFFH"
    "HFFG";

constexpr std::string_view kLargeMap =
    "SFFFFFFF"
    "FFFFFFFF"
    "FFFHFFFF"
    "FFFFFHFF"
    "FFFHFFFF"
    "FHHFFFHF"
    "FHFFHFHF"
    "FFFHFFFG";

constexpr int kActions = 4;
constexpr double kSuccessRate = 1.0 / 3.0;
constexpr double kFailRate = (1.0 - kSuccessRate) / 2.0;

struct Lake {
  std::string_view tiles;
  int side;

  bool is_end(int state) const {
    const char tile = tiles[static_cast<std::size_t>(state)];
    return tile == 'G' || tile == 'H';
  }

  TableOutcome move(int state, int action, double probability) const {
    constexpr std::array<int, kActions> kRowStep = {0, 1, 0, -1};
    constexpr std::array<int, kActions> kColumnStep = {-1, 0, 1, 0};
    const auto direction = static_cast<std::size_t>(action);
    const int row = std::clamp(state / side + kRowStep[direction], 0, side - 1);
    const int column = std::clamp(state % side + kColumnStep[direction], 0, side - 1);
    const int next = row * side + column;
    return {probability, next, tiles[static_cast<std::size_t>(next)] == 'G' ? 1.0 : 0.0, is_end(next)};
  }
};

}  // namespace

TransitionTable frozen_lake(FrozenLakeMap map, bool slippery) {
  const Lake lake = map == FrozenLakeMap::k4x4 ? Lake{kSmallMap, 4} : Lake{kLargeMap, 8};
  const auto outcomes_of = [&](int state, int action) -> std::vector<TableOutcome> {
    if (lake.is_end(state)) return {{1.0, state, 0.0, true}};
    if (!slippery) return {lake.move(state, action, 1.0)};
    return {lake.move(state, (action + 3) % kActions, kFailRate), lake.move(state, action, kSuccessRate),
            lake.move(state, (action + 1) % kActions, kFailRate)};
  };
  std::vector<double> start(lake.tiles.size(), 0.0);
  start[0] = 1.0;
  return {lake.side * lake.side, kActions, outcomes_of, start};
}

}  // namespace prl
