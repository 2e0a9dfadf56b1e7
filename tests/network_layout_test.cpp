// The flat layout: every parameter has exactly one place, in the order that the header gives.
#include "core/network_layout.hpp"

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <vector>

#include "tests/catch2.hpp"
#include "tests/network_cases.hpp"

namespace {

using prl::ActionKind;
using prl::Activation;
using prl::DenseLayer;
using prl::NetworkLayout;
using prl::NetworkSpec;

// How many tensors claim each parameter.
std::vector<int> claims(const NetworkLayout& layout) {
  std::vector<int> count(layout.parameter_count, 0);
  const auto claim = [&](std::size_t begin, std::size_t size) {
    REQUIRE(begin + size <= count.size());
    for (std::size_t i = begin; i < begin + size; ++i) ++count[i];
  };
  const auto claim_layer = [&](const DenseLayer& layer) {
    claim(layer.weight_offset, layer.weight_count());
    claim(layer.bias_offset, static_cast<std::size_t>(layer.outputs));
  };
  for (const auto& stack : layout.stacks) {
    for (const DenseLayer& layer : stack) claim_layer(layer);
  }
  claim_layer(layout.policy_head);
  claim_layer(layout.value_head);
  claim(layout.log_std_offset, layout.log_std_count);
  return count;
}

}  // namespace

TEST_CASE("Every parameter belongs to exactly one tensor") {
  for (const NetworkSpec& spec : prl::test::network_cases()) {
    CAPTURE(prl::test::describe(spec));
    const std::vector<int> count = claims(NetworkLayout(spec));
    CHECK(std::all_of(count.begin(), count.end(), [](int n) { return n == 1; }));
  }
}

TEST_CASE("The number of parameters has its closed form") {
  const auto count = [](bool shared, ActionKind kind, int head) {
    return NetworkLayout(prl::test::network_spec(3, head, kind, {256, 256}, shared, Activation::kTanh)).parameter_count;
  };
  const std::size_t trunk = 3 * 256 + 256 + 256 * 256 + 256;
  CHECK(count(true, ActionKind::kContinuous, 1) == trunk + (256 + 1) + (256 + 1) + 1);
  CHECK(count(false, ActionKind::kContinuous, 1) == 2 * trunk + (256 + 1) + (256 + 1) + 1);
  CHECK(count(true, ActionKind::kDiscrete, 2) == trunk + (2 * 256 + 2) + (256 + 1));
}

TEST_CASE("Widths that are multiples of 16 put every row of the hidden layers on a cache line") {
  const NetworkLayout layout(
      prl::test::network_spec(3, 1, ActionKind::kContinuous, {64, 32}, false, Activation::kTanh));
  for (const auto& stack : layout.stacks) {
    for (const DenseLayer& layer : stack) {
      CHECK(layer.weight_offset % 16 == 0);
      CHECK(layer.bias_offset % 16 == 0);
      CHECK(layer.outputs % 16 == 0);
    }
  }
}

TEST_CASE("A shared trunk is one stack, separate networks are two, and layers follow one another") {
  for (const NetworkSpec& spec : prl::test::network_cases()) {
    const NetworkLayout layout(spec);
    REQUIRE(layout.stacks.size() == (spec.shared_trunk ? 1 : 2));
    CHECK(layout.value_stack() == layout.stacks.size() - 1);
    for (const auto& stack : layout.stacks) {
      REQUIRE(stack.size() == spec.hidden.size());
      for (std::size_t l = 0; l < stack.size(); ++l) {
        CHECK(stack[l].inputs == (l == 0 ? spec.observation_size : spec.hidden[l - 1]));
        CHECK(stack[l].outputs == spec.hidden[l]);
      }
    }
    CHECK(layout.policy_head.inputs == spec.hidden.back());
    CHECK(layout.policy_head.outputs == spec.head_size);
    CHECK(layout.value_head.inputs == spec.hidden.back());
    CHECK(layout.value_head.outputs == 1);
    CHECK(layout.widest_layer() == *std::max_element(spec.hidden.begin(), spec.hidden.end()));
  }
}

TEST_CASE("One action takes its dimensions, or one float for an index") {
  CHECK(prl::test::network_spec(3, 5, ActionKind::kContinuous, {4}, true, Activation::kTanh).action_size() == 5);
  CHECK(prl::test::network_spec(3, 5, ActionKind::kDiscrete, {4}, true, Activation::kTanh).action_size() == 1);
}

TEST_CASE("Networks without layers or with empty ones are refused") {
  const auto layout = [](int observation_size, int head_size, std::vector<int> hidden) {
    return NetworkLayout(prl::test::network_spec(observation_size, head_size, ActionKind::kDiscrete, std::move(hidden),
                                                 true, Activation::kTanh));
  };
  CHECK_THROWS_AS(layout(3, 1, {}), std::invalid_argument);
  CHECK_THROWS_AS(layout(0, 1, {8}), std::invalid_argument);
  CHECK_THROWS_AS(layout(3, 0, {8}), std::invalid_argument);
  CHECK_THROWS_AS(layout(3, 1, {8, 0}), std::invalid_argument);
  CHECK_THROWS_AS(layout(3, 1, {-8}), std::invalid_argument);
}
