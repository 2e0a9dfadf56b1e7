#include "parallel/transport/codec/codec_setting.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <stdexcept>
#include <system_error>

#include "parallel/transport/codec/error_feedback.hpp"
#include "parallel/transport/codec/half_codec.hpp"
#include "parallel/transport/codec/int8_codec.hpp"
#include "parallel/transport/codec/random_k_codec.hpp"
#include "parallel/transport/codec/top_k_codec.hpp"

namespace prl {
namespace {

constexpr std::array<std::string_view, 7> kNames = {"none", "fp16", "bf16", "int8", "top-k", "random-k", "power-sgd"};

std::string_view name_of(CodecKind kind) { return kNames[static_cast<std::size_t>(kind)]; }

bool keeps_a_fraction(CodecKind kind) { return kind == CodecKind::kTopK || kind == CodecKind::kRandomK; }

template <typename Number>
bool parse_whole(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size();
}

[[noreturn]] void refuse(std::string_view text) {
  throw std::invalid_argument("--codec '" + std::string(text) +
                              "' is unknown: give none, fp16, bf16, int8, top-k:F or random-k:F with the fraction F of "
                              "the values that is sent, above 0 and at most 1, or power-sgd:R with a rank R from 1");
}

std::unique_ptr<Codec> with_memory(std::size_t count, std::unique_ptr<Codec> codec) {
  return std::make_unique<ErrorFeedback>(count, std::move(codec));
}

}  // namespace

CodecSetting parse_codec(std::string_view text) {
  const std::size_t colon = text.find(':');
  const auto name = std::find(kNames.begin(), kNames.end(), text.substr(0, colon));
  if (name == kNames.end()) refuse(text);
  CodecSetting setting;
  setting.kind = static_cast<CodecKind>(name - kNames.begin());
  const bool takes_number = keeps_a_fraction(setting.kind) || setting.kind == CodecKind::kPowerSgd;
  if (takes_number != (colon != std::string_view::npos)) refuse(text);
  if (!takes_number) return setting;
  const std::string_view number = text.substr(colon + 1);
  const bool read =
      keeps_a_fraction(setting.kind) ? parse_whole(number, setting.fraction) : parse_whole(number, setting.rank);
  // A fraction that is not a number is above nothing.
  if (!read || !(setting.fraction > 0.0) || setting.fraction > 1.0 || setting.rank < 1) refuse(text);
  return setting;
}

std::string to_string(const CodecSetting& setting) {
  std::string text(name_of(setting.kind));
  std::array<char, 32> number;
  const auto write = [&](auto value) {
    const auto end = std::to_chars(number.data(), number.data() + number.size(), value).ptr;
    return text + ":" + std::string(number.data(), end);
  };
  if (keeps_a_fraction(setting.kind)) return write(setting.fraction);
  if (setting.kind == CodecKind::kPowerSgd) return write(setting.rank);
  return text;
}

std::size_t kept_values(const CodecSetting& setting, std::size_t count) {
  const auto kept = static_cast<std::size_t>(std::ceil(setting.fraction * static_cast<double>(count)));
  return std::clamp<std::size_t>(kept, 1, count);
}

std::unique_ptr<Codec> make_codec(const CodecSetting& setting, std::size_t count, std::uint64_t seed, int member) {
  switch (setting.kind) {
    case CodecKind::kHalf:
      return std::make_unique<HalfCodec>(count);
    case CodecKind::kBfloat16:
      return std::make_unique<Bfloat16Codec>(count);
    case CodecKind::kInt8:
      return std::make_unique<Int8Codec>(count, seed, member);
    case CodecKind::kTopK:
      return with_memory(count, std::make_unique<TopKCodec>(count, kept_values(setting, count)));
    case CodecKind::kRandomK:
      return with_memory(count, std::make_unique<RandomKCodec>(count, kept_values(setting, count), seed));
    case CodecKind::kNone:
    case CodecKind::kPowerSgd:
      break;
  }
  throw std::invalid_argument(to_string(setting) + " is no codec of single messages");
}

}  // namespace prl
