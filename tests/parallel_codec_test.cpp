// Every codec against what its equation says: exact roundings, unbiased ones, places kept, memories, low-rank factors.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "core/random.hpp"
#include "parallel/transport/codec/codec_setting.hpp"
#include "parallel/transport/codec/error_feedback.hpp"
#include "parallel/transport/codec/half_codec.hpp"
#include "parallel/transport/codec/half_float.hpp"
#include "parallel/transport/codec/int8_codec.hpp"
#include "parallel/transport/codec/random_k_codec.hpp"
#include "parallel/transport/codec/top_k_codec.hpp"
#include "tests/catch2.hpp"

using namespace prl;

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

std::vector<float> normal_values(std::size_t count, std::uint64_t step = 0) {
  Rng rng(5, RandomPurpose::kAction, 0, step);
  std::vector<float> values(count);
  for (float& value : values) value = rng.normal();
  return values;
}

std::vector<std::byte> encoded(Codec& codec, const std::vector<float>& values, std::uint64_t update = 0) {
  std::vector<std::byte> bytes(codec.encoded_bytes());
  codec.encode(values, update, bytes);
  return bytes;
}

std::vector<float> decoded(Codec& codec, const std::vector<float>& values, std::uint64_t update = 0) {
  std::vector<float> sum(values.size(), 0.0F);
  codec.decode_add(encoded(codec, values, update), update, 1.0F, sum);
  return sum;
}

bool same_bits(float a, float b) { return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b); }

// The value of an fp16 pattern, from the definition.
double value_of_half(int exponent, int fraction) {
  return exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
}

std::size_t non_zeros(const std::vector<float>& values) {
  return static_cast<std::size_t>(std::count_if(values.begin(), values.end(), [](float v) { return v != 0.0F; }));
}

}  // namespace

TEST_CASE("every finite fp16 pattern has the value that its fields say, and comes back") {
  bool right = true;
  for (int exponent = 0; exponent < 31; ++exponent) {
    for (int fraction = 0; fraction < 1024; ++fraction) {
      const auto pattern = static_cast<std::uint16_t>(exponent << 10 | fraction);
      const auto negative = static_cast<std::uint16_t>(pattern | 0x8000u);
      const auto value = static_cast<float>(value_of_half(exponent, fraction));
      right = right && same_bits(from_half(pattern), value) && same_bits(from_half(negative), -value);
      right = right && to_half(value) == pattern && to_half(-value) == negative;
    }
  }
  CHECK(right);
}

TEST_CASE("between two fp16 values the nearer one is taken, half way the even one") {
  bool right = true;
  for (std::uint32_t pattern = 0; pattern < 0x7BFFu; ++pattern) {
    const float low = from_half(static_cast<std::uint16_t>(pattern));
    const float high = from_half(static_cast<std::uint16_t>(pattern + 1));
    const float middle = low + (high - low) / 2.0F;  // exact: floats have 13 more places
    const std::uint32_t even = pattern % 2 == 0 ? pattern : pattern + 1;
    right = right && to_half(middle) == even && to_half(-middle) == (even | 0x8000u);
    right = right && to_half(std::nextafter(middle, 0.0F)) == pattern;
    right = right && to_half(std::nextafter(middle, kInfinity)) == pattern + 1;
  }
  CHECK(right);
  CHECK(to_half(std::nextafter(65520.0F, 0.0F)) == 0x7BFF);
  CHECK(to_half(65520.0F) == 0x7C00);
  CHECK(to_half(-kInfinity) == 0xFC00);
  CHECK(std::isnan(from_half(to_half(std::nanf("")))));
}

TEST_CASE("bulk fp16 has the bits of single conversions, for every pattern and every length") {
  std::vector<float> values(65536);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = from_half(static_cast<std::uint16_t>(i));
  HalfCodec codec(values.size());
  const std::vector<std::byte> bytes = encoded(codec, values);
  bool right = true;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto word = static_cast<std::uint16_t>(std::to_integer<unsigned>(bytes[2 * i]) |
                                                 std::to_integer<unsigned>(bytes[2 * i + 1]) << 8);
    right = right && word == to_half(values[i]);
  }
  CHECK(right);
  for (std::size_t count = 1; count < 40; ++count) {
    const std::vector<float> few = normal_values(count);
    HalfCodec half(count);
    Bfloat16Codec bfloat16(count);
    const std::vector<float> by_half = decoded(half, few);
    const std::vector<float> by_bfloat16 = decoded(bfloat16, few);
    for (std::size_t i = 0; i < count; ++i) {
      CHECK(by_half[i] == from_half(to_half(few[i])));
      CHECK(by_bfloat16[i] == from_bfloat16(to_bfloat16(few[i])));
    }
  }
}

TEST_CASE("bf16 is the upper half of a float, rounded to nearest, half way to even") {
  bool right = true;
  for (std::uint32_t pattern = 0; pattern < 0x10000u; ++pattern) {
    const auto word = static_cast<std::uint16_t>(pattern);
    const float value = std::bit_cast<float>(pattern << 16);
    if (std::isnan(value)) {
      right = right && std::isnan(from_bfloat16(to_bfloat16(value)));
      continue;
    }
    right = right && same_bits(from_bfloat16(word), value) && to_bfloat16(value) == word;
    if (std::isinf(value)) continue;
    const auto even = static_cast<std::uint16_t>(pattern + pattern % 2);
    right = right && to_bfloat16(std::bit_cast<float>(pattern << 16 | 0x7FFFu)) == word;
    right = right && to_bfloat16(std::bit_cast<float>(pattern << 16 | 0x8000u)) == even;
    right = right && to_bfloat16(std::bit_cast<float>(pattern << 16 | 0x8001u)) == pattern + 1;
  }
  CHECK(right);
}

TEST_CASE("int8 errs by less than a level, and by nothing on average") {
  constexpr std::size_t kCount = 700;  // two chunks and a part
  constexpr int kKeys = 4000;
  const std::vector<float> values = normal_values(kCount);
  Int8Codec codec(kCount, 11, 2);
  CHECK(codec.encoded_bytes() == kCount + 4 * 3);
  std::vector<double> error_sums(kCount, 0.0);
  std::vector<double> square_sums(kCount, 0.0);
  double most = 0.0;
  for (int key = 0; key < kKeys; ++key) {
    const std::vector<float> back = decoded(codec, values, static_cast<std::uint64_t>(key));
    for (std::size_t i = 0; i < kCount; ++i) {
      const std::size_t begin = i / Int8Codec::kChunk * Int8Codec::kChunk;
      const std::size_t end = std::min(begin + Int8Codec::kChunk, kCount);
      float greatest = 0.0F;
      if (key == 0) {
        for (std::size_t j = begin; j < end; ++j) greatest = std::max(greatest, std::fabs(values[j]));
        most = std::max(most, std::fabs(back[i] - values[i]) / (greatest / 127.0));
      }
      const double error = static_cast<double>(back[i]) - static_cast<double>(values[i]);
      error_sums[i] += error;
      square_sums[i] += error * error;
    }
  }
  CHECK(most <= 1.0 + 1e-4);
  CHECK(most > 0.9);
  // The standardised means of 700 values: their squares' mean is 1 +- 0.053, and none is beyond 5.
  double chi_square = 0.0;
  double farthest = 0.0;
  for (std::size_t i = 0; i < kCount; ++i) {
    const double mean = error_sums[i] / kKeys;
    const double standard_error = std::sqrt(square_sums[i] / kKeys / kKeys);
    if (square_sums[i] < 1e-9) continue;  // the chunk's greatest lies on a level
    chi_square += mean * mean / (standard_error * standard_error) / kCount;
    farthest = std::max(farthest, std::fabs(mean) / standard_error);
  }
  CHECK(std::fabs(chi_square - 1.0) < 5 * 0.054);
  CHECK(farthest < 5.0);
}

TEST_CASE("int8 repeats with its key, changes with member and update, and draws the words of Philox") {
  const std::vector<float> values = normal_values(300);
  Int8Codec codec(300, 11, 2);
  Int8Codec same(300, 11, 2);
  Int8Codec other(300, 11, 3);
  CHECK((encoded(codec, values, 7) == encoded(same, values, 7)));
  CHECK((encoded(codec, values, 7) != encoded(codec, values, 8)));
  CHECK((encoded(codec, values, 7) != encoded(other, values, 7)));
  // One at the chunk's greatest sets the level to 1; half a level is rounded up where u >= 1/2. Value 0's number is the
  // low half of block 0's word 0, value 32's that of word 1.
  std::vector<float> halves(256, 0.5F);
  halves[255] = 127.0F;
  Int8Codec levels(256, 11, 2);
  for (std::uint64_t update = 0; update < 50; ++update) {
    Rng rng(11, RandomPurpose::kCodec, 2, update);
    const std::uint32_t word0 = rng.next_word();
    const std::uint32_t word1 = rng.next_word();
    const std::vector<float> back = decoded(levels, halves, update);
    CHECK(back[0] == ((word0 & 0xFFFFu) >= 0x8000u ? 1.0F : 0.0F));
    CHECK(back[128] == (word0 >> 16 >= 0x8000u ? 1.0F : 0.0F));
    CHECK(back[32] == ((word1 & 0xFFFFu) >= 0x8000u ? 1.0F : 0.0F));
    CHECK(back[255] == 127.0F);
  }
}

TEST_CASE("what is not a number stays none") {
  for (const float bad : {std::nanf(""), kInfinity, -kInfinity}) {
    for (const char* name : {"fp16", "bf16", "int8", "top-k:0.01"}) {
      std::vector<float> values = normal_values(600);
      values[300] = bad;
      const auto codec = make_codec(parse_codec(name), values.size(), 1, 0);
      CHECK_FALSE(std::isfinite(decoded(*codec, values)[300]));
    }
  }
}

TEST_CASE("top-k keeps exactly the k greatest magnitudes, of equal ones the first") {
  for (const std::size_t count : {1, 2, 17, 1000, 5000}) {
    for (const std::size_t k : {std::size_t{1}, (count + 9) / 10, (count + 1) / 2, count}) {
      for (const bool ties : {false, true}) {
        std::vector<float> values = normal_values(count, k);
        if (ties)
          std::transform(values.begin(), values.end(), values.begin(), [](float v) { return std::round(v) + 0.5F; });
        std::vector<std::size_t> order(count);
        std::iota(order.begin(), order.end(), 0);
        std::stable_sort(order.begin(), order.end(),
                         [&](std::size_t a, std::size_t b) { return std::fabs(values[a]) > std::fabs(values[b]); });
        std::vector<float> expected(count, 0.0F);
        for (std::size_t j = 0; j < k; ++j) expected[order[j]] = values[order[j]];
        TopKCodec codec(count, k);
        CHECK(codec.encoded_bytes() == 8 * k);
        CHECK((decoded(codec, values) == expected));
      }
    }
  }
  CHECK_THROWS_AS(TopKCodec(10, 0), std::invalid_argument);
  CHECK_THROWS_AS(TopKCodec(10, 11), std::invalid_argument);
}

TEST_CASE("random-k keeps k values, at the same places for all members, every place as often") {
  constexpr std::size_t kCount = 60;
  constexpr std::size_t kKept = 15;
  constexpr int kUpdates = 8000;
  const std::vector<float> values = normal_values(kCount);
  RandomKCodec sender(kCount, kKept, 4);
  RandomKCodec receiver(kCount, kKept, 4);
  CHECK(sender.encoded_bytes() == 4 * kKept);
  std::vector<int> times(kCount, 0);
  bool right = true;
  for (int update = 0; update < kUpdates; ++update) {
    const auto number = static_cast<std::uint64_t>(update);
    std::vector<float> back(kCount, 0.0F);
    receiver.decode_add(encoded(sender, values, number), number, 1.0F, back);
    right = right && non_zeros(back) == kKept;
    for (std::size_t i = 0; i < kCount; ++i) {
      right = right && (back[i] == 0.0F || back[i] == values[i]);
      times[i] += back[i] != 0.0F ? 1 : 0;
    }
  }
  CHECK(right);
  // Each is kept with probability 1/4; five standard deviations of the count.
  const double spread = std::sqrt(kUpdates * 0.25 * 0.75);
  for (const int count : times) CHECK(std::fabs(count - kUpdates * 0.25) < 5 * spread);
  // Places do not depend on the updates before.
  RandomKCodec late(kCount, kKept, 4);
  CHECK((decoded(late, values, 77) == decoded(sender, values, 77)));
  CHECK((decoded(late, values, 77) != decoded(late, values, 78)));
}

TEST_CASE("what was sent and what is remembered add up to all gradients") {
  constexpr std::size_t kCount = 500;
  for (const char* name : {"top-k:0.02", "random-k:0.02"}) {
    const CodecSetting setting = parse_codec(name);
    auto inner = setting.kind == CodecKind::kTopK
                     ? std::unique_ptr<Codec>(std::make_unique<TopKCodec>(kCount, kept_values(setting, kCount)))
                     : std::make_unique<RandomKCodec>(kCount, kept_values(setting, kCount), 3);
    ErrorFeedback codec(kCount, std::move(inner));
    std::vector<float> sent(kCount, 0.0F);
    std::vector<double> all(kCount, 0.0);
    for (std::uint64_t update = 0; update < 300; ++update) {
      const std::vector<float> gradient = normal_values(kCount, update);
      for (std::size_t i = 0; i < kCount; ++i) all[i] += static_cast<double>(gradient[i]);
      codec.decode_add(encoded(codec, gradient, update), update, 1.0F, sent);
    }
    double worst = 0.0;
    for (std::size_t i = 0; i < kCount; ++i) {
      worst =
          std::max(worst, std::fabs(all[i] - static_cast<double>(sent[i]) - static_cast<double>(codec.memory()[i])));
    }
    // 600 additions of values around 20 in single precision.
    CHECK(worst < 600 * 20 * 0x1p-24);
    CHECK(worst > 0.0);
  }
}

// Descent on f(x) = 1/2 sum_i c_i (x_i - 1)^2, gradients with noise of mean zero.
double distance_after_descent(Codec& codec, int updates) {
  constexpr std::size_t kCount = 50;
  std::vector<float> x(kCount, 0.0F);
  for (int update = 0; update < updates; ++update) {
    const auto number = static_cast<std::uint64_t>(update);
    std::vector<float> gradient = normal_values(kCount, number);
    for (std::size_t i = 0; i < kCount; ++i) {
      const float curvature = 0.02F + static_cast<float>(i) / kCount;
      gradient[i] = curvature * (x[i] - 1.0F) + 0.5F * gradient[i] * (i >= kCount / 2 ? 1.0F : 0.0F);
    }
    const std::vector<float> step = decoded(codec, gradient, number);
    for (std::size_t i = 0; i < kCount; ++i) x[i] -= 0.02F * step[i];
  }
  double square_sum = 0.0;
  for (const float value : x) square_sum += std::pow(value - 1.0, 2);
  return std::sqrt(square_sum / kCount);
}

// The noisy half of the coordinates takes all five places; the other half moves only where it is remembered.
TEST_CASE("descent by top-k reaches the optimum with error feedback and does not without") {
  TopKCodec biased(50, 5);
  ErrorFeedback corrected(50, std::make_unique<TopKCodec>(50, 5));
  CHECK(distance_after_descent(biased, 8000) > 0.3);
  CHECK(distance_after_descent(corrected, 8000) < 0.1);
}

TEST_CASE("a codec's name is read back as it is written, and others are refused") {
  for (const char* name : {"none", "fp16", "bf16", "int8", "top-k:0.01", "random-k:0.25", "top-k:1", "power-sgd:4"}) {
    CHECK(to_string(parse_codec(name)) == name);
  }
  for (const char* name : {"", "fp8", "fp16:2", "top-k", "top-k:", "top-k:0", "top-k:1.5", "top-k:nan", "top-k:-1",
                           "random-k:0.1x", "power-sgd", "power-sgd:0", "power-sgd:1.5", "int8:", ":1"}) {
    CHECK_THROWS_AS(parse_codec(name), std::invalid_argument);
  }
  CHECK(kept_values(parse_codec("top-k:0.01"), 135000) == 1350);
  CHECK(kept_values(parse_codec("top-k:0.01"), 10) == 1);
}
