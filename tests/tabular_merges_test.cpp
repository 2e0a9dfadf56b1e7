// Merges with an asynchronous server: what lag does to them, that none is torn, how their lags are counted, and that updates
// of single cells keep what a merge of a stale whole table undoes.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <functional>
#include <span>
#include <vector>

#include "algorithms/tabular/server_learners.hpp"
#include "algorithms/tabular/table_learners.hpp"
#include "parallel/agree/merging_server.hpp"
#include "parallel/tabular/merge_lags.hpp"
#include "parallel/tabular/worker_team.hpp"
#include "tests/catch2.hpp"

using namespace prl;

namespace {

using Values = std::vector<double>;

const std::atomic<bool> kGoOn{false};
const BootstrapSetting kTwoActions{2, 0.5, 1};

}  // namespace

TEST_CASE("merges that lag move the server's parameters by eta d / (1 + eta lag)") {
  const Waiter waiter = waiter_for(1);
  constexpr double kMove = 1.0;  // d, by every member before every merge
  for (const int members : {1, 2, 3, 4}) {
    for (const double rate : {0.25, 0.5, 1.0}) {
      INFO(members << " members, rate " << rate);
      SharedRegion region("test", ServedParameters<double>::bytes(1, 1));
      ServedParameters<double> server(region, 1, 1);
      std::vector<MergingMember<double>> team;
      for (int i = 0; i < members; ++i) team.emplace_back(server, MergeSetting{rate, true}, waiter);
      Values own(static_cast<std::size_t>(members), 0.0);
      const auto merge_in_turn = [&](int turns) {
        for (int turn = 0; turn < turns; ++turn) {
          for (std::size_t i = 0; i < own.size(); ++i) {
            own[i] += kMove;
            team[i].meet(std::span(own).subspan(i, 1));
          }
        }
        return own.back();
      };
      const double before = merge_in_turn(200);
      const double moved = (merge_in_turn(100) - before) / (100.0 * members);
      CHECK(std::abs(moved - rate * kMove / (1.0 + rate * (members - 1))) < 1e-9);
    }
  }
}

TEST_CASE("updates of single cells keep what a stale whole table undoes") {
  // Two workers start from zeros; A learns the cells of state 0, B those of state 1, and both are done before they
  // agree.
  Values table(4, 0.0);
  std::vector<std::uint32_t> visits(4, 0);
  const auto source = [](std::uint64_t index) {
    return TabularTransition{static_cast<std::int32_t>(index), 0, 0, kTerminated, 1.0};
  };
  const SharedLearner<decltype(source)> shared(source, kTwoActions, StepSize::constant(1.0), table, visits);
  Values copy(4, 0.0);
  const GradientSender<decltype(source)> sender(source, kTwoActions, StepSize::constant(1.0), table, visits, copy);
  shared(0);
  shared(1);
  CHECK(table == Values{1.0, 0.0, 1.0, 0.0});
  std::fill(table.begin(), table.end(), 0.0);
  sender(0);
  sender(1);  // from the copy that does not have the first
  CHECK(table == Values{1.0, 0.0, 1.0, 0.0});
}

TEST_CASE("a merge is never torn by another one") {
  constexpr std::size_t kCount = 4096;
  // Many shards of little work: there members would overtake each other, were they not taken hand over hand.
  for (const int shards : {1, 64}) {
    for (const TeamPlace place : {TeamPlace::kThreads, TeamPlace::kProcesses}) {
      SharedRegion region(
          "test", ServedParameters<double>::bytes(kCount, shards) + SharedRegion::bytes_for<std::atomic<long>>(2));
      ServedParameters<double> server(region, kCount, shards);
      const auto torn = region.carve<std::atomic<long>>(2);
      run_team(place, 3, kGoOn, [&](TeamMember& member) {
        MergingMember<double> agreement(server, {0.5, true}, member.waiter());
        Values own(kCount, 0.0);
        for (int merge = 0; merge < 1000; ++merge) {
          std::fill(own.begin(), own.end(), static_cast<double>(merge * 3 + member.worker()));
          agreement.meet(own);
          // Over all shards.
          if (std::adjacent_find(own.begin(), own.end(), std::not_equal_to<>()) != own.end()) torn[0].fetch_add(1);
        }
      });
      CHECK(torn[0].load() == 0);
    }
  }
}

TEST_CASE("lags are counted in bins that double") {
  MergeLags lags;
  for (const long lag : {0L, 1L, 2L, 3L, 4L, 7L, 8L, 1L << 40}) lags.add(lag);
  CHECK((lags.merges[0] == 1 && lags.merges[1] == 1 && lags.merges[2] == 2 && lags.merges[3] == 2));
  CHECK((lags.merges[4] == 1 && lags.merges[MergeLags::kBins - 1] == 1));
  CHECK((MergeLags::least_of_bin(0) == 0 && MergeLags::least_of_bin(1) == 1 && MergeLags::least_of_bin(4) == 8));
  CHECK((lags.count == 8 && lags.largest == 1L << 40));
}
