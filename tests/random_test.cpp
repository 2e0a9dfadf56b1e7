// Philox against the authors' known answers; the distributions against their closed forms. Seeds are fixed, so each
// statistic is one number: the bounds are the 99.9 % points of its law.
#include "core/random.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "tests/catch2.hpp"

namespace {

using prl::PhiloxBlock;
using prl::RandomPurpose;
using prl::Rng;

constexpr double kNormal999 = 3.29;      // |z| is below it with probability 0.999.
constexpr double kKolmogorov999 = 1.95;  // sqrt(n) times the largest distance of distribution functions.

// 99.9 % point of chi-square with `degrees` of freedom, after Wilson and Hilferty (1931).
double chi_square_999(double degrees) {
  const double scale = 2.0 / (9.0 * degrees);
  return degrees * std::pow(1.0 - scale + 3.09 * std::sqrt(scale), 3.0);
}

// sqrt(n) times the Kolmogorov-Smirnov distance of the sample from the law with this distribution function.
template <typename Distribution>
double kolmogorov_statistic(std::vector<double> sample, Distribution distribution) {
  std::sort(sample.begin(), sample.end());
  const auto n = static_cast<double>(sample.size());
  double distance = 0.0;
  for (std::size_t i = 0; i < sample.size(); ++i) {
    const double f = distribution(sample[i]);
    distance = std::max({distance, f - static_cast<double>(i) / n, static_cast<double>(i + 1) / n - f});
  }
  return std::sqrt(n) * distance;
}

double mean_of_power(const std::vector<double>& sample, int power) {
  double sum = 0.0;
  for (const double x : sample) sum += std::pow(x, power);
  return sum / static_cast<double>(sample.size());
}

// `count` numbers from `draw(rng)`, four from each of many environments' streams, as the suite uses them.
template <typename Draw>
std::vector<double> sample_over_streams(std::size_t count, Draw draw) {
  std::vector<double> sample;
  sample.reserve(count);
  for (std::uint32_t environment = 0; sample.size() < count; ++environment) {
    Rng rng(42, RandomPurpose::kAction, environment % 1000, environment / 1000);
    for (int i = 0; i < 4; ++i) sample.push_back(static_cast<double>(draw(rng)));
  }
  return sample;
}

}  // namespace

TEST_CASE("Philox4x32-10 gives the known answers of Random123") {
  struct Case {
    PhiloxBlock counter;
    std::array<std::uint32_t, 2> key;
    PhiloxBlock expected;
  };
  constexpr std::uint32_t kOnes = 0xFFFFFFFFu;
  const Case cases[] = {
      {{0, 0, 0, 0}, {0, 0}, {0x6627E8D5u, 0xE169C58Du, 0xBC57AC4Cu, 0x9B00DBD8u}},
      {{kOnes, kOnes, kOnes, kOnes}, {kOnes, kOnes}, {0x408F276Du, 0x41C83B0Eu, 0xA20BC7C6u, 0x6D5451FDu}},
      {{0x243F6A88u, 0x85A308D3u, 0x13198A2Eu, 0x03707344u},
       {0xA4093822u, 0x299F31D0u},
       {0xD16CFE09u, 0x94FDCCEBu, 0x5001E420u, 0x24126EA1u}},
  };
  for (const Case& c : cases) CHECK(prl::philox4x32_10(c.counter, c.key) == c.expected);
}

TEST_CASE("A stream is Philox at the counter (step, environment, purpose and block), its key the seed") {
  constexpr std::uint64_t kSeed = 0x0123456789ABCDEFu;
  constexpr std::uint64_t kStep = 0xFEDCBA9876543210u;
  Rng rng(kSeed, RandomPurpose::kShuffle, 77, kStep);
  for (std::uint32_t block = 0; block < 3; ++block) {
    const PhiloxBlock expected =
        prl::philox4x32_10({0x76543210u, 0xFEDCBA98u, 77, (2u << 24) + block}, {0x89ABCDEFu, 0x01234567u});
    for (const std::uint32_t word : expected) REQUIRE(rng.next_word() == word);
  }
}

TEST_CASE("Uniform numbers: chi-square over 256 cells, Kolmogorov-Smirnov, range") {
  constexpr std::size_t kCount = 1'000'000;
  const auto check = [](const std::vector<double>& sample) {
    std::array<double, 256> cells{};
    for (const double u : sample) {
      REQUIRE((u >= 0.0 && u < 1.0));
      cells[static_cast<std::size_t>(u * 256.0)] += 1.0;
    }
    const double expected = static_cast<double>(sample.size()) / 256.0;
    double chi_square = 0.0;
    for (const double n : cells) chi_square += (n - expected) * (n - expected) / expected;
    CHECK(chi_square < chi_square_999(255.0));
    CHECK(kolmogorov_statistic(sample, [](double u) { return u; }) < kKolmogorov999);
  };
  check(sample_over_streams(kCount, [](Rng& rng) { return rng.uniform<float>(); }));
  check(sample_over_streams(kCount, [](Rng& rng) { return rng.uniform<double>(); }));
}

TEST_CASE("The largest and smallest words give numbers inside the interval's bounds") {
  constexpr float kLargest = 0x1.fffffep-1F;
  CHECK(static_cast<float>(0xFFFFFFFFu >> 8) * 0x1p-24F == kLargest);
  Rng rng(1, RandomPurpose::kReset, 0, 0);
  for (int i = 0; i < 100'000; ++i) {
    const float x = rng.uniform(-0.05F, 0.05F);
    REQUIRE((x >= -0.05F && x <= 0.05F));
  }
}

TEST_CASE("Integers below a bound are equally frequent") {
  constexpr std::uint32_t kBound = 7;
  constexpr std::size_t kCount = 700'000;
  std::array<double, kBound> cells{};
  for (const double n : sample_over_streams(kCount, [](Rng& rng) { return rng.below(kBound); })) {
    REQUIRE(n < kBound);
    cells[static_cast<std::size_t>(n)] += 1.0;
  }
  const double expected = static_cast<double>(kCount) / kBound;
  double chi_square = 0.0;
  for (const double n : cells) chi_square += (n - expected) * (n - expected) / expected;
  CHECK(chi_square < chi_square_999(kBound - 1.0));
}

TEST_CASE("Normal numbers: four moments and Kolmogorov-Smirnov") {
  constexpr std::size_t kCount = 1'000'000;
  const std::vector<double> sample = sample_over_streams(kCount, [](Rng& rng) { return rng.normal(); });
  // The mean of x^k has variance (E x^2k - (E x^k)^2) / n: 1, 2, 15, 96 for k = 1 to 4.
  const double bound = kNormal999 / std::sqrt(static_cast<double>(kCount));
  CHECK(std::abs(mean_of_power(sample, 1)) < bound);
  CHECK(std::abs(mean_of_power(sample, 2) - 1.0) < bound * std::sqrt(2.0));
  CHECK(std::abs(mean_of_power(sample, 3)) < bound * std::sqrt(15.0));
  CHECK(std::abs(mean_of_power(sample, 4) - 3.0) < bound * std::sqrt(96.0));
  CHECK(kolmogorov_statistic(sample, [](double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }) < kKolmogorov999);
}

TEST_CASE("Streams of neighbouring seeds, environments, steps and purposes are uncorrelated") {
  constexpr int kCount = 200'000;
  const auto correlation = [](auto neighbour) {
    double sum = 0.0;
    for (int i = 0; i < kCount; ++i) {
      Rng here(9, RandomPurpose::kReset, static_cast<std::uint32_t>(i % 500), static_cast<std::uint64_t>(i / 500));
      Rng there = neighbour(static_cast<std::uint32_t>(i % 500), static_cast<std::uint64_t>(i / 500));
      sum += (here.uniform<double>() - 0.5) * (there.uniform<double>() - 0.5);
    }
    // A product of two independent centred uniforms has variance 1/144.
    return sum * 12.0 / std::sqrt(static_cast<double>(kCount));
  };
  using Purpose = RandomPurpose;
  CHECK(std::abs(correlation([](auto e, auto s) { return Rng(10, Purpose::kReset, e, s); })) < kNormal999);
  CHECK(std::abs(correlation([](auto e, auto s) { return Rng(9, Purpose::kReset, e + 1, s); })) < kNormal999);
  CHECK(std::abs(correlation([](auto e, auto s) { return Rng(9, Purpose::kReset, e, s + 1); })) < kNormal999);
  CHECK(std::abs(correlation([](auto e, auto s) { return Rng(9, Purpose::kAction, e, s); })) < kNormal999);
}
