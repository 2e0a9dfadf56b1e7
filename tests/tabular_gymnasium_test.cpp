// The tables against the real Gymnasium's, outcome by outcome and bit by bit.
#include <string>

#include "envs/tabular/registry.hpp"
#include "tests/catch2.hpp"
#include "tests/gymnasium/records.hpp"

using namespace prl;

namespace {

// How many of the recorded outcomes differ from the table's, in the recorded order.
int differing_outcomes(const TransitionTable& table, const GymnasiumRecords& records) {
  int differing = 0;
  std::size_t index = 0;
  for (const std::vector<double>& row : records.rows) {
    const std::size_t pair = table.pair(static_cast<int>(row[0]), static_cast<int>(row[1]));
    const bool belongs = index >= table.first_outcome(pair) && index < table.first_outcome(pair + 1);
    const TableOutcome own = table.outcome(index++);
    const bool equal = own.probability == row[2] && own.next_state == static_cast<int>(row[3]) &&
                       own.reward == row[4] && own.terminated == (row[5] != 0.0);
    if (!belongs || !equal) ++differing;
  }
  return differing;
}

}  // namespace

TEST_CASE("tables equal Gymnasium's P, initial_state_distrib and time limit") {
  int compared = 0;
  for (const TableInfo& info : tables()) {
    if (info.name.starts_with("RandomMdp")) continue;
    INFO(info.name);
    const TransitionTable table = transition_table(info.name);
    const GymnasiumRecords outcomes = read_gymnasium_records(info.name + "_outcomes");
    REQUIRE(outcomes.rows.size() == table.first_outcome(table.pairs()));
    REQUIRE(outcomes.rows.back()[0] == table.states() - 1);
    REQUIRE(outcomes.rows.back()[1] == table.actions() - 1);
    CHECK(differing_outcomes(table, outcomes) == 0);

    const GymnasiumRecords starts = read_gymnasium_records(info.name + "_start");
    REQUIRE(starts.rows.size() == static_cast<std::size_t>(table.states()));
    for (std::size_t state = 0; state < starts.rows.size(); ++state) {
      CHECK(table.start()[state] == starts.rows[state][1]);
    }
    CHECK(read_gymnasium_records(info.name + "_limit").rows.front()[0] == info.time_limit);
    ++compared;
  }
  CHECK(compared == 7);
}
