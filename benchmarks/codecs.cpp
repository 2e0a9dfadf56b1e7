// Encoding and decoding gradients, by codec and length:
//
//   codecs/encode/CODEC/N     one member's gradient of N floats to bytes, its memory brought up to date
//   codecs/decode/CODEC/N     one member's bytes added to the sum
//
// For PowerSGD encoding is both factors and the memory, for matrices of at most 256 x 256; decoding is the product, once
// for all members. GB/s are of the floats, 4 N bytes, whatever they become.
#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "benchmarks/harness.hpp"
#include "core/random.hpp"
#include "parallel/transport/codec/codec_setting.hpp"
#include "parallel/transport/codec/power_sgd.hpp"

namespace prl {
namespace {

// Gradients that differ from update to update, so that memories have what real ones have.
class Gradients {
 public:
  explicit Gradients(std::size_t count) {
    Rng rng(1, RandomPurpose::kAction, 0, 0);
    for (int i = 0; i < 4; ++i) {
      std::vector<float>& values = values_.emplace_back(count);
      for (float& value : values) value = rng.normal();
    }
  }
  const std::vector<float>& of(std::uint64_t update) const { return values_[update % values_.size()]; }

 private:
  std::vector<std::vector<float>> values_;
};

void count_bytes(benchmark::State& state, std::size_t encoded_bytes) {
  state.counters["encoded_bytes"] = static_cast<double>(encoded_bytes);
}

void count_floats(benchmark::State& state, std::size_t count) {
  set_rate(state, "GB/s", static_cast<double>(state.iterations()) * 4e-9 * static_cast<double>(count));
}

void encode(benchmark::State& state, const CodecSetting& setting, std::size_t count) {
  const Gradients gradients(count);
  const auto codec = make_codec(setting, count, 1, 0);
  std::vector<std::byte> bytes(codec->encoded_bytes());
  std::uint64_t update = 0;
  for (auto _ : state) {
    codec->encode(gradients.of(update), update, bytes);
    ++update;
    benchmark::ClobberMemory();
  }
  count_bytes(state, bytes.size());
  count_floats(state, count);
}

void decode(benchmark::State& state, const CodecSetting& setting, std::size_t count) {
  const Gradients gradients(count);
  const auto codec = make_codec(setting, count, 1, 0);
  std::vector<std::byte> bytes(codec->encoded_bytes());
  codec->encode(gradients.of(0), 0, bytes);
  std::vector<float> sum(count, 0.0F);
  for (auto _ : state) {
    codec->decode_add(bytes, 0, 1.0F, sum);
    benchmark::ClobberMemory();
  }
  count_floats(state, count);
}

std::vector<MatrixBlock> matrices_of(std::size_t count) {
  const auto side = std::min<std::size_t>(256, static_cast<std::size_t>(std::sqrt(static_cast<double>(count))));
  std::vector<MatrixBlock> matrices;
  for (std::size_t begin = 0; begin + side * side <= count; begin += side * side)
    matrices.push_back({begin, side, side});
  return matrices;
}

void encode_factors(benchmark::State& state, int rank, std::size_t count) {
  const Gradients gradients(count);
  PowerSgd power_sgd(matrices_of(count), count, rank, 1);
  std::vector<float> left(power_sgd.left_count());
  std::vector<float> right(power_sgd.right_count());
  std::uint64_t update = 0;
  for (auto _ : state) {
    power_sgd.write_left(gradients.of(update++), left);
    power_sgd.write_right(left, right);
    benchmark::ClobberMemory();
  }
  count_bytes(state, sizeof(float) * (left.size() + right.size()));
  count_floats(state, count);
}

void decode_factors(benchmark::State& state, int rank, std::size_t count) {
  const Gradients gradients(count);
  PowerSgd power_sgd(matrices_of(count), count, rank, 1);
  std::vector<float> left(power_sgd.left_count());
  std::vector<float> right(power_sgd.right_count());
  std::vector<float> sum(count);
  power_sgd.write_left(gradients.of(0), left);
  power_sgd.write_right(left, right);
  for (auto _ : state) {
    power_sgd.decode(left, right, sum);
    benchmark::ClobberMemory();
  }
  count_floats(state, count);
}

void register_codec(const std::string& name, std::size_t count) {
  const CodecSetting setting = parse_codec(name);
  const std::string end = name + "/" + std::to_string(count);
  const bool factors = setting.kind == CodecKind::kPowerSgd;
  benchmark::RegisterBenchmark(("codecs/encode/" + end).c_str(), [=](benchmark::State& state) {
    factors ? encode_factors(state, setting.rank, count) : encode(state, setting, count);
  });
  benchmark::RegisterBenchmark(("codecs/decode/" + end).c_str(), [=](benchmark::State& state) {
    factors ? decode_factors(state, setting.rank, count) : decode(state, setting, count);
  });
}

}  // namespace
}  // namespace prl

int main(int argc, char** argv) {
  for (const char* name : {"fp16", "bf16", "int8", "top-k:0.01", "random-k:0.01", "power-sgd:1", "power-sgd:4"}) {
    for (const std::size_t count : {10000, 135000, 1000000}) prl::register_codec(name, count);
  }
  return prl::run_benchmarks(argc, argv);
}
