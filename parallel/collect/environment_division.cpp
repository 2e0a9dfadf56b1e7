#include "parallel/collect/environment_division.hpp"

#include <algorithm>

namespace prl {
namespace {

constexpr double kWeightOfLastRound = 0.25;  // a
constexpr double kLeastGain = 0.1;           // h

double round_seconds(const std::vector<double>& seconds_each, const std::vector<int>& counts) {
  double longest = 0.0;
  for (std::size_t w = 0; w < counts.size(); ++w) longest = std::max(longest, counts[w] * seconds_each[w]);
  return longest;
}

// How many environments of `range` are not of `other`.
int outside(const EnvironmentRange& range, const EnvironmentRange& other) {
  const int from = std::max(range.first, other.first);
  const int to = std::min(range.first + range.count, other.first + other.count);
  return range.count - std::max(to - from, 0);
}

}  // namespace

std::vector<int> fastest_division(const std::vector<double>& seconds_each, int environments) {
  std::vector<int> counts(seconds_each.size(), 1);
  for (int left = environments - static_cast<int>(counts.size()); left > 0; --left) {
    std::size_t first_done = 0;
    for (std::size_t w = 1; w < counts.size(); ++w) {
      if ((counts[w] + 1) * seconds_each[w] < (counts[first_done] + 1) * seconds_each[first_done]) first_done = w;
    }
    ++counts[first_done];
  }
  return counts;
}

EnvironmentDivision::EnvironmentDivision(const CollectionPlan& plan)
    : environments_(plan.environments), state_bytes_(static_cast<std::size_t>(plan.layout.state_bytes)) {
  for (int w = 0; w < plan.workers; ++w) ranges_.push_back(environments_of(w, plan.workers, plan.environments));
  before_ = ranges_;
}

void EnvironmentDivision::observe(const std::vector<WorkerSeconds>& workers) {
  const bool first = seconds_each_.empty();
  seconds_each_.resize(workers.size(), 0.0);
  for (std::size_t w = 0; w < workers.size(); ++w) {
    const double each = workers[w].collecting / ranges_[w].count;
    seconds_each_[w] += (first ? 1.0 : kWeightOfLastRound) * (each - seconds_each_[w]);
  }
  before_ = ranges_;
  const std::vector<int> fastest = fastest_division(seconds_each_, environments_);
  const double seconds = round_seconds(seconds_each_, observed_counts());
  if (round_seconds(seconds_each_, fastest) >= (1.0 - kLeastGain) * seconds) return;
  int begin = 0;
  for (std::size_t w = 0; w < ranges_.size(); ++w) {
    ranges_[w] = {begin, fastest[w]};
    begin += fastest[w];
  }
}

bool EnvironmentDivision::changed(int worker) const {
  return observed(worker).first != of(worker).first || observed(worker).count != of(worker).count;
}

std::size_t EnvironmentDivision::message_bytes(int worker) const {
  const int gained = outside(of(worker), observed(worker));
  return sizeof(EnvironmentRange) + static_cast<std::size_t>(gained) * state_bytes_;
}

void EnvironmentDivision::count_messages(CommunicationLedger& ledger) const {
  for (int worker = 1; worker < static_cast<int>(ranges_.size()); ++worker) {
    if (changed(worker)) ledger.add_message(Purpose::kControl, message_bytes(worker));
  }
}

std::vector<int> EnvironmentDivision::observed_counts() const {
  std::vector<int> counts;
  for (const EnvironmentRange& range : before_) counts.push_back(range.count);
  return counts;
}

}  // namespace prl
