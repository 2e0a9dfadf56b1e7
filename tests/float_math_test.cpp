// The elementary functions against double precision over their stated ranges, and loops over them against single calls.
#include "core/float_math.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "tests/catch2.hpp"

namespace {

// Floats spread evenly over [low, high].
std::vector<float> evenly(double low, double high, int count) {
  std::vector<float> points;
  for (int i = 0; i <= count; ++i) points.push_back(static_cast<float>(low + (high - low) * i / count));
  return points;
}

// Every `stride`-th float from `low` to `high`, both positive.
std::vector<float> by_bits(float low, float high, std::uint32_t stride) {
  std::vector<float> points;
  for (std::uint32_t bits = std::bit_cast<std::uint32_t>(low); bits <= std::bit_cast<std::uint32_t>(high);
       bits += stride) {
    points.push_back(std::bit_cast<float>(bits));
  }
  return points;
}

template <typename Fast, typename Exact>
double largest_absolute_error(const std::vector<float>& points, Fast fast, Exact exact) {
  double largest = 0.0;
  for (const float x : points) {
    largest = std::max(largest, std::abs(static_cast<double>(fast(x)) - exact(static_cast<double>(x))));
  }
  UNSCOPED_INFO("largest absolute error " << largest);
  return largest;
}

// In units of 2^-23 of the exact value, about one unit in the last place.
template <typename Fast, typename Exact>
double largest_error_in_epsilon(const std::vector<float>& points, Fast fast, Exact exact) {
  double largest = 0.0;
  for (const float x : points) {
    const double expected = exact(static_cast<double>(x));
    if (expected == 0.0) continue;
    const double error = (static_cast<double>(fast(x)) - expected) / expected;
    largest = std::max(largest, std::abs(error) / std::numeric_limits<float>::epsilon());
  }
  UNSCOPED_INFO("largest relative error " << largest << " epsilon");
  return largest;
}

// Calls that the compiler can't join into a loop over registers.
template <float (*Function)(float)>
[[gnu::noinline]] float call_alone(float x) {
  return Function(x);
}

template <float (*Function)(float)>
[[gnu::noinline]] void call_in_loop(const float* x, float* y, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) y[i] = Function(x[i]);
}

// Every length up to 67, so that full registers, half ones and tails all occur.
template <float (*Function)(float)>
bool loop_equals_calls(const std::vector<float>& points) {
  std::vector<float> results(67);
  std::size_t first = 0;
  for (std::size_t count = 1; count <= results.size(); ++count) {
    for (int repeat = 0; repeat < 200; ++repeat) {
      if (first + count > points.size()) first = 0;
      call_in_loop<Function>(&points[first], results.data(), count);
      for (std::size_t i = 0; i < count; ++i) {
        const float alone = call_alone<Function>(points[first + i]);
        if (std::bit_cast<std::uint32_t>(alone) != std::bit_cast<std::uint32_t>(results[i])) return false;
      }
      first += count;
    }
  }
  return true;
}

constexpr int kPoints = 1'000'000;

}  // namespace

TEST_CASE("fast_exp is within 1 epsilon of e^x from -87.3 to 88.3, constant beyond, and exact at 0") {
  const auto exact = [](double x) { return std::exp(x); };
  CHECK(largest_error_in_epsilon(evenly(-87.3, 88.3, kPoints), prl::fast_exp, exact) <= 1.0);
  CHECK(prl::fast_exp(0.0F) == 1.0F);
  CHECK(prl::fast_exp(-1000.0F) == prl::fast_exp(-87.3F));
  CHECK(prl::fast_exp(1000.0F) == prl::fast_exp(88.3F));
}

TEST_CASE("fast_log is within 1 epsilon of ln x over all normal numbers, and exact at 1") {
  const auto exact = [](double x) { return std::log(x); };
  const auto all = by_bits(std::numeric_limits<float>::min(), std::numeric_limits<float>::max(), 1999);
  CHECK(largest_error_in_epsilon(all, prl::fast_log, exact) <= 1.0);
  CHECK(largest_error_in_epsilon(by_bits(0.5F, 2.0F, 17), prl::fast_log, exact) <= 1.0);
  CHECK(prl::fast_log(1.0F) == 0.0F);
}

TEST_CASE("fast_sin and fast_cos are within 1e-7 up to 8192, and fast_sin within 1 epsilon up to 1.5") {
  const auto sine = [](double x) { return std::sin(x); };
  const auto cosine = [](double x) { return std::cos(x); };
  for (const double range : {3.2, 100.0, 8192.0}) {
    const auto points = evenly(-range, range, kPoints);
    CHECK(largest_absolute_error(points, prl::fast_sin, sine) <= 1e-7);
    CHECK(largest_absolute_error(points, prl::fast_cos, cosine) <= 1e-7);
  }
  CHECK(largest_error_in_epsilon(by_bits(1e-30F, 1.5F, 999), prl::fast_sin, sine) <= 1.0);
}

TEST_CASE("fast_tanh is within 3 epsilon of tanh x (4e-7 absolute), odd, and never beyond 1") {
  const auto exact = [](double x) { return std::tanh(x); };
  const auto points = evenly(-10.0, 10.0, kPoints);
  CHECK(largest_error_in_epsilon(by_bits(1e-30F, 12.0F, 999), prl::fast_tanh, exact) <= 3.0);
  CHECK(largest_absolute_error(points, prl::fast_tanh, exact) <= 4e-7);
  for (const float x : points) {
    REQUIRE(std::abs(prl::fast_tanh(x)) <= 1.0F);
    REQUIRE(prl::fast_tanh(-x) == -prl::fast_tanh(x));
  }
  CHECK(prl::fast_tanh(1e6F) == prl::fast_tanh(10.0F));
}

TEST_CASE("Loops over the functions give the bits of single calls") {
  CHECK(loop_equals_calls<prl::fast_exp>(evenly(-90.0, 90.0, 100'003)));
  CHECK(loop_equals_calls<prl::fast_log>(by_bits(1e-30F, 1e30F, 20'011)));
  CHECK(loop_equals_calls<prl::fast_sin>(evenly(-100.0, 100.0, 100'003)));
  CHECK(loop_equals_calls<prl::fast_cos>(evenly(-100.0, 100.0, 100'003)));
  CHECK(loop_equals_calls<prl::fast_tanh>(evenly(-9.0, 9.0, 100'003)));
}
