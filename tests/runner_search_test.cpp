// What a study draws, against its laws; whom successive halving promotes and whom a population replaces, by hand.
#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "runner/tune/grid_search.hpp"
#include "runner/tune/population.hpp"
#include "runner/tune/random_search.hpp"
#include "runner/tune/successive_halving.hpp"
#include "tests/catch2.hpp"

using namespace prl;

namespace {

constexpr double kKolmogorov999 = 1.95;  // 99.9 % point of sqrt(n) times the distance of distribution functions
constexpr int kDraws = 20000;

const SettingSpace kSpace = {{"--uniform", SpaceLaw::kUniform, -2.0, 3.0, {}},
                             {"--log", SpaceLaw::kLogUniform, 1e-5, 1e-1, {}},
                             {"--int", SpaceLaw::kInteger, 3.0, 7.0, {}},
                             {"--choice", SpaceLaw::kChoice, 0.0, 1.0, {"a", "b", "c"}}};

std::vector<double> drawn(std::size_t dimension) {
  std::vector<double> values;
  for (int trial = 0; trial < kDraws; ++trial) values.push_back(std::stod(draw_setting(kSpace, 5, trial)[dimension]));
  return values;
}

double kolmogorov_statistic(std::vector<double> sample, const std::function<double(double)>& law) {
  std::sort(sample.begin(), sample.end());
  const auto n = static_cast<double>(sample.size());
  double distance = 0.0;
  for (std::size_t i = 0; i < sample.size(); ++i) {
    const double f = law(sample[i]);
    distance = std::max({distance, f - static_cast<double>(i) / n, static_cast<double>(i + 1) / n - f});
  }
  return std::sqrt(n) * distance;
}

// Chi-square of equal probabilities.
double chi_square(const std::vector<int>& counts) {
  const double expected = static_cast<double>(kDraws) / static_cast<double>(counts.size());
  double sum = 0.0;
  for (const int count : counts) sum += (count - expected) * (count - expected) / expected;
  return sum;
}

// Runs a search on one worker; what each trial comes to is given. Returns (trial, stage) in the order of starting.
std::vector<std::pair<int, int>> order_of(Search& search,
                                          const std::function<std::optional<double>(const Trial&)>& objective) {
  std::vector<std::pair<int, int>> order;
  while (const std::optional<Trial> trial = search.next()) {
    order.emplace_back(trial->number, trial->stage);
    search.report(*trial, objective(*trial));
  }
  return order;
}

SearchPlan plan_of(SearchKind kind, int trials, long rounds, long first_rounds, int reduction = 2) {
  SearchPlan plan{kind, kSpace, 5, trials, rounds, first_rounds};
  plan.reduction = reduction;
  return plan;
}

}  // namespace

TEST_CASE("settings follow their laws") {
  CHECK(kolmogorov_statistic(drawn(0), [](double x) { return (x + 2.0) / 5.0; }) < kKolmogorov999);
  CHECK(kolmogorov_statistic(drawn(1), [](double x) { return std::log(x / 1e-5) / std::log(1e4); }) < kKolmogorov999);
  std::vector<int> whole(5);
  for (const double value : drawn(2)) ++whole.at(static_cast<std::size_t>(value) - 3);
  CHECK(chi_square(whole) < 18.5);  // 99.9 % at 4 degrees of freedom
  std::vector<int> chosen(3);
  for (int trial = 0; trial < kDraws; ++trial) ++chosen.at(draw_setting(kSpace, 5, trial)[3][0] - 'a');
  CHECK(chi_square(chosen) < 13.8);  // at 2
}

TEST_CASE("a trial's setting depends on the study's seed and its number alone") {
  RandomSearch search(plan_of(SearchKind::kRandom, 4, 10, 1));
  std::vector<TrialSetting> settings;
  while (const std::optional<Trial> trial = search.next()) settings.push_back(trial->setting);
  REQUIRE(settings.size() == 4);
  for (int trial = 0; trial < 4; ++trial) {
    CHECK(settings[static_cast<std::size_t>(trial)] == draw_setting(kSpace, 5, trial));
  }
  CHECK(settings[0] != settings[1]);
  CHECK(draw_setting(kSpace, 6, 0) != settings[0]);
  CHECK(setting_words(kSpace, {"1", "2", "3", "a"}) ==
        std::vector<std::string>{"--uniform=1", "--log=2", "--int=3", "--choice=a"});
}

TEST_CASE("a random search that is resumed runs what is missing or has failed") {
  RandomSearch search(plan_of(SearchKind::kRandom, 5, 10, 1));
  search.restore({0, 0}, 1.0);
  search.restore({1, 0}, std::nullopt);
  search.restore({3, 0}, 1.0);
  CHECK(order_of(search, [](const Trial&) { return 0.0; }) == std::vector<std::pair<int, int>>{{1, 0}, {2, 0}, {4, 0}});
}

TEST_CASE("a grid has every combination once") {
  SearchPlan plan = plan_of(SearchKind::kGrid, 100, 10, 1);
  plan.space = {{"--algorithm", SpaceLaw::kChoice, 0.0, 1.0, {"a2c", "ppo"}},
                {"--seed", SpaceLaw::kChoice, 0.0, 1.0, {"1", "2", "3"}}};
  GridSearch search(plan);
  search.restore({1, 0}, 0.0);
  std::vector<TrialSetting> settings;
  while (const std::optional<Trial> trial = search.next()) settings.push_back(trial->setting);
  CHECK(settings == std::vector<TrialSetting>{{"a2c", "1"}, {"a2c", "3"}, {"ppo", "1"}, {"ppo", "2"}, {"ppo", "3"}});
}

TEST_CASE("rungs grow by the reduction factor and end with the whole budget") {
  CHECK(rung_rounds(1, 9, 3) == std::vector<long>{1, 3, 9});
  CHECK(rung_rounds(2, 10, 2) == std::vector<long>{2, 4, 8, 10});
  CHECK(rung_rounds(4, 4, 2) == std::vector<long>{4});
}

TEST_CASE("successive halving promotes the best half of each rung, worked out by hand") {
  // Trials 0 to 3 come to 1, 4, 2, 3, on every rung. Rung 0 after two: the best of {1, 4} is trial 1. After four the best
  // two of {1, 4, 2, 3} are trials 1 and 3: trial 3. Rung 1 then has two, {4, 3}: trial 1 goes to rung 2.
  const std::vector<double> objectives = {1.0, 4.0, 2.0, 3.0};
  SuccessiveHalving search(plan_of(SearchKind::kHalving, 4, 4, 1));
  std::vector<long> rounds;
  const auto order = order_of(search, [&](const Trial& trial) {
    rounds.push_back(trial.rounds);
    return objectives[static_cast<std::size_t>(trial.number)];
  });
  CHECK(order == std::vector<std::pair<int, int>>{{0, 0}, {1, 0}, {1, 1}, {2, 0}, {3, 0}, {3, 1}, {1, 2}});
  CHECK(rounds == std::vector<long>{1, 1, 2, 1, 1, 2, 4});
}

TEST_CASE("successive halving does not wait for those that run") {
  SuccessiveHalving search(plan_of(SearchKind::kHalving, 3, 2, 1));
  const auto first = search.next();
  const auto second = search.next();
  const auto third = search.next();
  REQUIRE((first && second && third));
  CHECK_FALSE(search.next());
  search.report(*second, 1.0);
  CHECK_FALSE(search.next());  // half of one is none
  search.report(*third, 5.0);
  const auto promoted = search.next();
  REQUIRE(promoted);
  CHECK((promoted->number == 2 && promoted->stage == 1 && promoted->rounds == 2));
  CHECK_FALSE(search.next());
}

TEST_CASE("a failed trial is seen by its rung and never promoted") {
  SuccessiveHalving search(plan_of(SearchKind::kHalving, 4, 2, 1));
  const auto order = order_of(search, [](const Trial& trial) -> std::optional<double> {
    if (trial.number < 3) return std::nullopt;
    return 1.0;
  });
  CHECK(order == std::vector<std::pair<int, int>>{{0, 0}, {1, 0}, {2, 0}, {3, 0}, {3, 1}});
}

TEST_CASE("successive halving that is resumed goes on where it was") {
  // As by hand above, interrupted while trials 2 and, on rung 1, trial 1 were run.
  const std::vector<double> objectives = {1.0, 4.0, 2.0, 3.0};
  SuccessiveHalving search(plan_of(SearchKind::kHalving, 4, 4, 1));
  search.restore({0, 0}, 1.0);
  search.restore({1, 0}, 4.0);
  const auto order =
      order_of(search, [&](const Trial& trial) { return objectives[static_cast<std::size_t>(trial.number)]; });
  CHECK(order == std::vector<std::pair<int, int>>{{1, 1}, {2, 0}, {3, 0}, {3, 1}, {1, 2}});
}

TEST_CASE("the worst quarter of a generation is replaced by perturbed members of the best, the others go on") {
  SearchPlan plan = plan_of(SearchKind::kPopulation, 8, 20, 10);
  plan.synchronous = true;
  Population search(plan);
  std::vector<Trial> first;
  std::vector<Trial> second;
  while (const auto trial = search.next()) {
    (trial->stage == 0 ? first : second).push_back(*trial);
    CHECK(trial->rounds == 10 * (trial->stage + 1));
    // The second stage turns the order round: it must not matter for those that begin it later.
    const double objective = trial->number * 10.0 - (trial->number == 4 ? 100.0 : 0.0);
    search.report(*trial, trial->stage == 0 ? objective : -objective);
  }
  // Objectives 0, 10, 20, 30, -60, 50, 60, 70: members 4 and 0 are the worst two, 6 and 7 the best two.
  REQUIRE((first.size() == 8 && second.size() == 8));
  for (int m = 0; m < 8; ++m) {
    const Trial& trial = second[static_cast<std::size_t>(m)];
    CHECK((!first[static_cast<std::size_t>(m)].parent && !first[static_cast<std::size_t>(m)].after));
    CHECK((trial.number == m && trial.after == 0));
    if (m != 0 && m != 4) {
      CHECK((!trial.parent && trial.setting == first[static_cast<std::size_t>(m)].setting));
      continue;
    }
    REQUIRE(trial.parent);
    CHECK((*trial.parent == TrialStage{6, 0} || *trial.parent == TrialStage{7, 0}));
    const TrialSetting& of_parent = first[static_cast<std::size_t>(trial.parent->number)].setting;
    CHECK(trial.setting == perturb_setting(kSpace, of_parent, 5, m, 1));
    CHECK(trial.setting != of_parent);
  }
}

TEST_CASE("a member goes on at once, compared with what the others came to last, worked out by hand") {
  // Four members, one is the worst and one the best. Two workers.
  Population search(plan_of(SearchKind::kPopulation, 4, 30, 10));
  const auto expect = [&](int number, int stage, std::optional<TrialStage> parent) {
    const auto trial = search.next();
    REQUIRE(trial);
    CHECK((trial->number == number && trial->stage == stage));
    CHECK(trial->parent == parent);
    return *trial;
  };
  const Trial a0 = expect(0, 0, std::nullopt);
  const Trial b0 = expect(1, 0, std::nullopt);
  search.report(a0, 1.0);
  const Trial c0 = expect(2, 0, std::nullopt);
  search.report(c0, 5.0);
  const Trial d0 = expect(3, 0, std::nullopt);
  search.report(d0, 3.0);
  // Member 1 still runs its first stage. {5, 3, 1}: member 0 takes over from member 2.
  const Trial a1 = expect(0, 1, TrialStage{2, 0});
  CHECK(a1.after == 0);
  CHECK(a1.setting == perturb_setting(kSpace, c0.setting, 5, 0, 1));
  search.report(a1, 6.0);
  // {6, 5, 3}: member 2 goes on, then member 3 takes over from member 0's second stage.
  const Trial c1 = expect(2, 1, std::nullopt);
  CHECK((c1.setting == c0.setting && c1.after == 0));
  const Trial d1 = expect(3, 1, TrialStage{0, 1});
  CHECK(d1.setting == perturb_setting(kSpace, a1.setting, 5, 3, 1));
  search.report(d1, 7.0);
  // Member 1 at last: {7, 6, 5, 2} of members 3, 0, 2, 1.
  search.report(b0, 2.0);
  expect(1, 1, TrialStage{3, 1});
}

TEST_CASE("nobody is replaced before two shares of the members have ended a stage") {
  Population search(plan_of(SearchKind::kPopulation, 8, 20, 10));
  for (int m = 0; m < 8; ++m) REQUIRE(search.next());
  for (int m = 0; m < 3; ++m) search.report({m, 0}, -1.0 * m);
  for (int m = 0; m < 3; ++m) CHECK_FALSE(search.next()->parent);  // the share is 2
}

TEST_CASE("members that fail are replaced, also the whole share and more, and a population of failures ends") {
  for (const bool synchronous : {true, false}) {
    SearchPlan plan = plan_of(SearchKind::kPopulation, 4, 20, 10);
    plan.synchronous = synchronous;
    Population search(plan);
    std::vector<Trial> first;
    while (const auto trial = search.next()) first.push_back(*trial);
    REQUIRE(first.size() == 4);
    for (int m = 0; m < 3; ++m) search.report(first[static_cast<std::size_t>(m)], std::nullopt);
    CHECK_FALSE(search.next());
    search.report(first[3], 1.0);
    for (int m = 0; m < 3; ++m) {
      const auto trial = search.next();
      REQUIRE(trial);
      CHECK((trial->number == m && trial->stage == 1 && trial->parent == TrialStage{3, 0}));
      CHECK((!trial->after && trial->rounds == 20));
    }
    CHECK((search.next()->after == 0));
    Population lost(plan);
    for (int m = 0; m < 4; ++m) REQUIRE(lost.next());
    for (int m = 0; m < 4; ++m) lost.report({m, 0}, std::nullopt);
    CHECK_FALSE(lost.next());
  }
}

TEST_CASE("a generation is waited for, and a population that is resumed makes the same one") {
  SearchPlan plan = plan_of(SearchKind::kPopulation, 4, 30, 10);
  plan.synchronous = true;
  const auto objective = [](const Trial& trial) { return trial.number * 1.0; };
  Population whole(plan);
  std::vector<Trial> trials;
  while (const auto trial = whole.next()) {
    trials.push_back(*trial);
    whole.report(*trial, objective(*trial));
  }
  REQUIRE(trials.size() == 12);
  Population resumed(plan);
  for (const int done : {0, 1, 2, 3, 4, 6}) {
    const Trial& trial = trials[static_cast<std::size_t>(done)];
    resumed.restore(trial, objective(trial));
  }
  std::vector<Trial> missing;
  while (const auto trial = resumed.next()) missing.push_back(*trial);
  REQUIRE(missing.size() == 2);  // the third generation waits
  for (int i = 0; i < 2; ++i) {
    const Trial& expected = trials[static_cast<std::size_t>(5 + 2 * i)];
    const Trial& trial = missing[static_cast<std::size_t>(i)];
    CHECK((trial.number == expected.number && trial.stage == 1));
    CHECK((trial.setting == expected.setting && trial.parent == expected.parent));
    resumed.report(trial, objective(trial));
  }
  CHECK(resumed.next()->stage == 2);
}

TEST_CASE("a member that failed last is tried again when its population is resumed") {
  Population resumed(plan_of(SearchKind::kPopulation, 2, 30, 10));
  const TrialSetting setting = draw_setting(kSpace, 5, 1);
  resumed.restore({0, 0, 10, setting}, 1.0);
  resumed.restore({1, 0, 10, setting}, std::nullopt);
  resumed.restore({1, 1, 20, setting}, 2.0);
  resumed.restore({1, 2, 30, setting}, std::nullopt);
  const auto first = resumed.next();
  REQUIRE(first);
  CHECK((first->number == 0 && first->stage == 1));
  const auto second = resumed.next();
  REQUIRE(second);
  CHECK((second->number == 1 && second->stage == 2 && second->after == 1));
}

TEST_CASE("a perturbed value is a fifth smaller or larger, within its limits, or drawn anew one time in four") {
  const TrialSetting setting = {"2", "0.09", "4", "b"};
  int same_choice = 0;
  int scaled = 0;
  for (int trial = 0; trial < kDraws; ++trial) {
    const TrialSetting perturbed = perturb_setting(kSpace, setting, 5, trial, 1);
    const double uniform = std::stod(perturbed[0]);
    const double log_value = std::stod(perturbed[1]);
    const int whole = std::stoi(perturbed[2]);
    if (uniform == 1.6 || uniform == 2.4) ++scaled;
    if (perturbed[3] == "b") ++same_choice;
    REQUIRE((uniform >= -2.0 && uniform <= 3.0 && log_value >= 1e-5 && log_value <= 0.1 && whole >= 3 && whole <= 7));
  }
  // Binomial(n, 3/4), and of the choice 3/4 + 1/4 * 1/3: within 3.29 standard deviations.
  CHECK(std::abs(scaled - 0.75 * kDraws) < 3.29 * std::sqrt(kDraws * 0.75 * 0.25));
  CHECK(std::abs(same_choice - kDraws * 5.0 / 6.0) < 3.29 * std::sqrt(kDraws * 5.0 / 36.0));
}
