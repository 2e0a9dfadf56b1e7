// Every collective gives every member the sum of all gradients and the owners' parameters, and moves 2 S (P - 1) bytes.
#include <map>

#include "parallel/agree/transport_gradients.hpp"
#include "tests/catch2.hpp"
#include "tests/parallel_fake_learner.hpp"
#include "tests/relative_distance.hpp"
#include "tests/with_members.hpp"

using namespace prl;
using namespace prl::test;

namespace {

const AllReduce kKinds[] = {AllReduce::kDirect, AllReduce::kRing, AllReduce::kHalvingDoubling};
// Shorter than the members' number of cache lines, odd, a power of two and one more.
const std::size_t kLengths[] = {1, 16, 33, 1000, 4096, 5003};
const int kMembers[] = {1, 2, 3, 4, 5, 6, 7, 8};

// Integers, whose sums are exact in any order.
float whole_number(int member, std::size_t i) {
  return static_cast<float>((static_cast<int>(i) * 7 + member * 13) % 101);
}

struct Outcome {
  ParameterRange own;
  std::vector<float> sum;       // own range only
  std::vector<float> gathered;  // i + 0.5 where its owner set it
  CommunicationCount gradients;
};

Outcome run_collective(AllReduce kind, Transport& transport, std::size_t count) {
  const auto collective = make_collective(kind, transport, count);
  std::vector<float> gradient(count);
  for (std::size_t i = 0; i < count; ++i) gradient[i] = whole_number(transport.rank(), i);
  Outcome outcome;
  outcome.own = collective->own_range();
  const std::span<const float> sum = collective->reduce_scatter(gradient);
  const std::span<const float> own_sum = sum.subspan(outcome.own.begin, outcome.own.size());
  outcome.sum.assign(own_sum.begin(), own_sum.end());
  outcome.gathered.assign(count, -1.0F);
  for (std::size_t i = outcome.own.begin; i < outcome.own.end; ++i) outcome.gathered[i] = static_cast<float>(i) + 0.5F;
  collective->all_gather(outcome.gathered);
  outcome.gradients = transport.ledger().of(Purpose::kGradients);
  return outcome;
}

std::vector<Outcome> outcomes_of(AllReduce kind, int members, std::size_t count) {
  std::vector<Outcome> outcomes(static_cast<std::size_t>(members));
  with_members(members, [&](Transport& transport) {
    outcomes[static_cast<std::size_t>(transport.rank())] = run_collective(kind, transport, count);
  });
  return outcomes;
}

float sum_of_whole_numbers(int members, std::size_t i) {
  float sum = 0.0F;
  for (int member = 0; member < members; ++member) sum += whole_number(member, i);
  return sum;
}

std::vector<float> learn(AllReduce kind, Transport& transport, std::size_t count, int updates) {
  TransportGradients agreement(transport, count, 1, make_collective(kind, transport, count));
  return learn_as_member(transport.rank(), transport.size(), agreement, count, updates);
}

std::vector<std::vector<float>> parameters_of_members(AllReduce kind, int members, std::size_t count) {
  std::vector<std::vector<float>> parameters(static_cast<std::size_t>(members));
  with_members(members, [&](Transport& transport) {
    parameters[static_cast<std::size_t>(transport.rank())] = learn(kind, transport, count, 5);
  });
  return parameters;
}

}  // namespace

TEST_CASE("own ranges cover the parameters once and hold the exact sums") {
  for (const AllReduce kind : kKinds) {
    for (const int members : kMembers) {
      for (const std::size_t count : kLengths) {
        std::vector<int> owners(count, 0);
        bool exact = true;
        for (const Outcome& outcome : outcomes_of(kind, members, count)) {
          for (std::size_t i = outcome.own.begin; i < outcome.own.end; ++i) {
            ++owners[i];
            exact = exact && outcome.sum[i - outcome.own.begin] == sum_of_whole_numbers(members, i);
          }
        }
        CHECK(exact);
        CHECK((owners == std::vector<int>(count, 1)));
      }
    }
  }
}

TEST_CASE("gathering gives every member what the owners have") {
  for (const AllReduce kind : kKinds) {
    for (const int members : kMembers) {
      for (const std::size_t count : kLengths) {
        std::vector<float> expected(count);
        for (std::size_t i = 0; i < count; ++i) expected[i] = static_cast<float>(i) + 0.5F;
        for (const Outcome& outcome : outcomes_of(kind, members, count)) CHECK((outcome.gathered == expected));
      }
    }
  }
}

TEST_CASE("all members together move 2 S (P - 1) bytes") {
  for (const AllReduce kind : kKinds) {
    for (const int members : kMembers) {
      for (const std::size_t count : kLengths) {
        std::uint64_t bytes = 0;
        for (const Outcome& outcome : outcomes_of(kind, members, count)) bytes += outcome.gradients.bytes;
        CHECK(bytes == 2 * sizeof(float) * count * static_cast<std::uint64_t>(members - 1));
      }
    }
  }
}

TEST_CASE("a member sends as many messages as its algorithm has steps") {
  constexpr std::size_t kCount = 4096;
  const std::map<AllReduce, std::uint64_t> of_eight = {
      {AllReduce::kDirect, 2 * 7}, {AllReduce::kRing, 2 * 7}, {AllReduce::kHalvingDoubling, 2 * 3}};
  for (const auto& [kind, messages] : of_eight) {
    for (const Outcome& outcome : outcomes_of(kind, 8, kCount)) CHECK(outcome.gradients.messages == messages);
  }
  // Six are a core of four and two that let the first two speak for them.
  const std::vector<Outcome> of_six = outcomes_of(AllReduce::kHalvingDoubling, 6, kCount);
  CHECK(of_six[5].gradients.messages == 1);
  CHECK(of_six[1].gradients.messages == 2 * 2 + 1);
  CHECK(of_six[3].gradients.messages == 2 * 2);
  CHECK(of_six[4].own.size() == 0);
}

TEST_CASE("members that learn agree bit by bit, and with the serial sum within rounding") {
  for (const AllReduce kind : kKinds) {
    for (const int members : {1, 2, 3, 4, 6}) {
      for (const std::size_t count : kLengths) {
        const auto parameters = parameters_of_members(kind, members, count);
        for (const std::vector<float>& own : parameters) CHECK((own == parameters[0]));
        const std::vector<float> serial = joined_by_hand(count, members, 5);
        CHECK(relative_distance(parameters[0], serial) < 1e-5);
        if (kind == AllReduce::kDirect) CHECK((parameters[0] == serial));
        CHECK((parameters_of_members(kind, members, count) == parameters));
      }
    }
  }
}
