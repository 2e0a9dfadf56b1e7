// RMSProp's steps where they have a closed form, where its epsilon stands, and its independence of ranges.
#include "algorithms/rmsprop.hpp"

#include <cmath>
#include <cstddef>
#include <vector>

#include "tests/catch2.hpp"
#include "tests/network_cases.hpp"

namespace {

using prl::AlignedBuffer;
using prl::ParameterRange;
using prl::RmsProp;

// Where one parameter that starts at 0 is after `updates` steps of 0.1 under a constant gradient.
double after(int updates, float gradient_value, float scale, prl::RmsPropSetting setting) {
  AlignedBuffer<float> parameter(1);
  AlignedBuffer<float> gradient(1);
  gradient[0] = gradient_value;
  RmsProp rmsprop(1, setting);
  for (int u = 0; u < updates; ++u) rmsprop.step({0, 1}, parameter.span(), gradient.span(), scale, 0.1F);
  return static_cast<double>(parameter[0]);
}

std::vector<float> trained(const std::vector<ParameterRange>& ranges) {
  constexpr std::size_t kCount = 1000;
  AlignedBuffer<float> parameters = prl::test::random_normals(kCount, 1);
  RmsProp rmsprop(kCount, {});
  for (std::uint32_t update = 0; update < 20; ++update) {
    const AlignedBuffer<float> gradient = prl::test::random_normals(kCount, 10 + update);
    for (const ParameterRange& range : ranges) rmsprop.step(range, parameters.span(), gradient.span(), 0.5F, 0.01F);
  }
  return {parameters.data(), parameters.data() + kCount};
}

}  // namespace

TEST_CASE("The first step divides by the root of the gradient's square's share and epsilon together") {
  for (const float epsilon : {1e-8F, 1e-3F, 0.1F}) {
    for (const float gradient : {2.0F, -0.5F, 1e-2F}) {
      const auto g = static_cast<double>(gradient);
      const double expected = -0.1 * g / std::sqrt(0.01 * g * g + static_cast<double>(epsilon));
      CHECK(std::abs(after(1, gradient, 1.0F, {0.99F, epsilon}) - expected) < 1e-5 * std::abs(expected));
    }
  }
}

TEST_CASE("With epsilon inside the root, a vanishing gradient's step vanishes with it") {
  // Added to the root it would be 0.1 * 1e-4 / (0.1 * 1e-4 + 0.1).
  CHECK(std::abs(after(1, 1e-4F, 1.0F, {0.99F, 0.1F}) + 0.1 * 1e-4 / std::sqrt(0.1)) < 1e-9);
}

TEST_CASE("Under a constant gradient the mean square approaches its square") {
  double expected = 0.0;
  double mean_square = 0.0;
  for (int update = 1; update <= 200; ++update) {
    mean_square = 0.9 * mean_square + 0.1 * 0.09;
    expected -= 0.1 * 0.3 / std::sqrt(mean_square + 1e-5);
    if (update == 1 || update == 10 || update == 200) {
      CHECK(std::abs(after(update, 0.3F, 1.0F, {0.9F, 1e-5F}) - expected) < 1e-5 * std::abs(expected));
    }
  }
  CHECK(std::abs(mean_square - 0.09) < 1e-6);
}

TEST_CASE("A scaled gradient is the gradient times the scale") {
  CHECK(after(5, 0.5F, 0.25F, {}) == after(5, 0.125F, 1.0F, {}));
}

TEST_CASE("RMSProp's steps do not depend on how parameters are cut into ranges") {
  const std::vector<float> whole = trained({{0, 1000}});
  CHECK(trained({{500, 1000}, {0, 500}}) == whole);
  CHECK(trained({{0, 1}, {1, 17}, {17, 999}, {999, 1000}}) == whole);
}
