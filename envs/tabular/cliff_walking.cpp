#include "envs/tabular/cliff_walking.hpp"

#include <algorithm>
#include <array>

namespace prl {
namespace {

constexpr int kRows = 4;
constexpr int kColumns = 12;
constexpr int kActions = 4;
constexpr int kStart = 3 * kColumns;
constexpr int kGoal = kRows * kColumns - 1;

TableOutcome move(int state, int action, double probability) {
  constexpr std::array<int, kActions> kRowStep = {-1, 0, 1, 0};
  constexpr std::array<int, kActions> kColumnStep = {0, 1, 0, -1};
  const auto direction = static_cast<std::size_t>(action);
  const int row = std::clamp(state / kColumns + kRowStep[direction], 0, kRows - 1);
  const int column = std::clamp(state % kColumns + kColumnStep[direction], 0, kColumns - 1);
  const int next = row * kColumns + column;
  if (next > kStart && next < kGoal) return {probability, kStart, -100.0, false};
  return {probability, next, -1.0, next == kGoal};
}

}  // namespace

TransitionTable cliff_walking(bool slippery) {
  const auto outcomes_of = [slippery](int state, int action) -> std::vector<TableOutcome> {
    if (!slippery) return {move(state, action, 1.0)};
    constexpr double kThird = 1.0 / 3.0;
    return {move(state, (action + 3) % kActions, kThird), move(state, action, kThird),
            move(state, (action + 1) % kActions, kThird)};
  };
  std::vector<double> start(kRows * kColumns, 0.0);
  start[kStart] = 1.0;
  return {kRows * kColumns, kActions, outcomes_of, start};
}

}  // namespace prl
