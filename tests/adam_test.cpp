// Adam's steps where they have a closed form, and its independence of how the parameters are cut into ranges.
#include "algorithms/adam.hpp"

#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "core/learner.hpp"
#include "tests/catch2.hpp"
#include "tests/network_cases.hpp"

namespace {

using prl::Adam;
using prl::AlignedBuffer;
using prl::ParameterRange;

constexpr std::size_t kCount = 1000;

// Steps on every range in turn, for some updates with other gradients each.
std::vector<float> trained(const std::vector<ParameterRange>& ranges) {
  AlignedBuffer<float> parameters = prl::test::random_normals(kCount, 1);
  Adam adam(kCount, {});
  for (std::uint32_t update = 0; update < 20; ++update) {
    const AlignedBuffer<float> gradient = prl::test::random_normals(kCount, 10 + update);
    for (const ParameterRange& range : ranges) adam.step(range, parameters.span(), gradient.span(), 0.5F, 0.01F);
    adam.finish_update();
  }
  CHECK(adam.updates() == 20);
  return {parameters.data(), parameters.data() + kCount};
}

}  // namespace

TEST_CASE("The first step is the learning rate in the direction of the gradient's sign, less what epsilon takes") {
  for (const float epsilon : {1e-8F, 1e-5F, 1.0F}) {
    AlignedBuffer<float> parameters(4);
    AlignedBuffer<float> gradient(4);
    const std::vector<float> gradients = {2.0F, -1e-3F, 0.0F, 0.25F};
    for (std::size_t i = 0; i < 4; ++i) gradient[i] = gradients[i];
    Adam adam(4, {.epsilon = epsilon});
    adam.step({0, 4}, parameters.span(), gradient.span(), 1.0F, 0.1F);
    for (std::size_t i = 0; i < 4; ++i) {
      const auto g = static_cast<double>(gradients[i]);
      const double expected = -0.1 * g / (std::abs(g) + static_cast<double>(epsilon));
      CHECK(std::abs(static_cast<double>(parameters[i]) - expected) <= 1e-6 * std::abs(expected));
    }
  }
}

TEST_CASE("Under a constant gradient every step is the same: both moments are corrected for their start") {
  AlignedBuffer<float> parameters(1);
  AlignedBuffer<float> gradient(1);
  gradient[0] = -0.3F;
  Adam adam(1, {});
  for (int update = 1; update <= 300; ++update) {
    adam.step({0, 1}, parameters.span(), gradient.span(), 1.0F, 0.01F);
    adam.finish_update();
    const double expected = 0.01 * update * 0.3 / (0.3 + 1e-5);
    CHECK(std::abs(static_cast<double>(parameters[0]) - expected) < 1e-5 * expected);
  }
}

TEST_CASE("Scaling is of the gradient, before its moments") {
  AlignedBuffer<float> gradient = prl::test::random_normals(kCount, 5);
  AlignedBuffer<float> halved(kCount);
  for (std::size_t i = 0; i < kCount; ++i) halved[i] = 0.5F * gradient[i];
  AlignedBuffer<float> scaled_parameters(kCount), parameters(kCount);
  Adam with_scale(kCount, {}), without(kCount, {});
  with_scale.step({0, kCount}, scaled_parameters.span(), gradient.span(), 0.5F, 0.01F);
  without.step({0, kCount}, parameters.span(), halved.span(), 1.0F, 0.01F);
  for (std::size_t i = 0; i < kCount; ++i) REQUIRE(scaled_parameters[i] == parameters[i]);
  for (std::size_t i = 0; i < kCount; ++i) REQUIRE(with_scale.second_moment()[i] == without.second_moment()[i]);
}

TEST_CASE("Ranges applied piece by piece give the bits of the whole") {
  const std::vector<float> whole = trained({{0, kCount}});
  CHECK(trained({{0, 512}, {512, kCount}}) == whole);
  CHECK(trained({{900, kCount}, {0, 1}, {17, 900}, {1, 17}}) == whole);
}

TEST_CASE("A square sum is that of double precision, in the same bits for the same values") {
  for (const std::size_t count : {0, 1, 7, 8, 9, 100, 1000, 1024, 1025, 5003}) {
    const AlignedBuffer<float> values = prl::test::random_normals(count, 7);
    long double expected = 0.0L;
    for (const float value : values.span())
      expected += static_cast<long double>(value) * static_cast<long double>(value);
    const double sum = prl::square_sum(values.span());
    CHECK(std::abs(sum - static_cast<double>(expected)) <= 1e-13 * static_cast<double>(expected));
    CHECK(sum == prl::square_sum(values.span()));
    double blocks = 0.0;
    for (std::size_t begin = 0; begin < values.size(); begin += prl::kSquareSumBlock) {
      blocks += prl::square_sum(values.span().subspan(begin, std::min(prl::kSquareSumBlock, values.size() - begin)));
    }
    CHECK(sum == blocks);
  }
}
