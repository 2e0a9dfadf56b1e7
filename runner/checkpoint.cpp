#include "runner/checkpoint.hpp"

#include <fmt/format.h>

#include <bit>
#include <charconv>
#include <cstring>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string_view>
#include <system_error>
#include <utility>

#include "runner/atomic_file.hpp"
#include "runner/measured_progress.hpp"
#include "runner/run_record.hpp"

namespace prl {
namespace {

static_assert(std::endian::native == std::endian::little, "checkpoints are little-endian");

constexpr std::string_view kFormat = "prl-checkpoint-1";

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& why) {
  throw UsageError(fmt::format("--resume {} {}: give a file that 'prl train --checkpoint' wrote", path.string(), why));
}

std::string digest_of_bytes(std::string_view bytes) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char byte : bytes) {
    hash ^= static_cast<unsigned char>(byte);
    hash *= 0x100000001b3ULL;
  }
  return fmt::format("{:016x}", hash);
}

// What a run's bits depend on: not who collects or learns, and not what its steps cost.
Json defining_settings(const RunConfiguration& c) {
  const Json all = configuration_json(c);
  Json defining;
  for (const char* name :
       {"algorithm", "environment", "lag", "publish_weights", "shards", "environments", "steps", "steps_per_round",
        "warmup_rounds", "seed", "solved_return", "hyperparameters", "evaluation"}) {
    defining[name] = all.at(name);
  }
  return defining.flatten();
}

// The first setting in which the runs differ, in words; empty where there is none.
std::string difference(const Json& of_file, const Json& here) {
  for (const auto& [name, value] : here.items()) {
    const Json there = of_file.value(name, Json(nullptr));
    if (there == value) continue;
    const std::string last = name.substr(name.rfind('/') + 1);
    return fmt::format("is of another run: its {} is {}, not {}", last, there.dump(), value.dump());
  }
  return "";
}

std::string read_whole(const std::filesystem::path& path) {
  std::error_code error;
  const bool ordinary = std::filesystem::is_regular_file(path, error);
  std::ifstream file(path, std::ios::binary);
  if (!ordinary || !file) refuse(path, "cannot be read");
  return {std::istreambuf_iterator<char>(file), {}};
}

// The words of the first line; where it ends, in `end`.
std::size_t header_bytes_of(const std::filesystem::path& path, std::string_view content, std::size_t& end) {
  end = content.find('\n');
  if (content.substr(0, kFormat.size()) != kFormat || end == std::string_view::npos) refuse(path, "is no checkpoint");
  const std::string_view line = content.substr(0, end);
  ++end;
  std::size_t bytes = 0;
  const char* number = line.data() + kFormat.size() + 1;
  const auto [after, error] = std::from_chars(number, line.data() + line.size(), bytes);
  const bool whole = error == std::errc{} && after < line.data() + line.size();
  const std::string_view digest = whole ? line.substr(static_cast<std::size_t>(after + 1 - line.data())) : "";
  if (digest != digest_of_bytes(content.substr(end))) refuse(path, "is damaged or cut short");
  return bytes;
}

}  // namespace

void save_checkpoint(const std::filesystem::path& path, const RunConfiguration& c, const RunStart& reached,
                     RoundRunner& rounds) {
  RunState state;
  rounds.add_state(state);
  const std::vector<std::byte> environments = rounds.environment_states();
  Json header = {{"settings", defining_settings(c)},
                 {"rounds_done", reached.rounds_done},
                 {"measured", progress_json(reached.so_far)},
                 {"environment_bytes", environments.size()},
                 {"items", Json::array()}};
  for (const RunState::Item& item : state.items()) {
    header["items"].push_back({{"name", item.name}, {"bytes", item.bytes.size()}});
  }
  std::string body = header.dump();
  const std::size_t header_bytes = body.size();
  const auto append = [&body](std::span<const std::byte> bytes) {
    body.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  };
  append(environments);
  for (const RunState::Item& item : state.items()) append(item.bytes);
  write_file_atomically(path, fmt::format("{} {} {}\n", kFormat, header_bytes, digest_of_bytes(body)) + body);
}

Checkpoint::Checkpoint(const std::filesystem::path& path, const RunConfiguration& c)
    : path_(path), content_(read_whole(path)) {
  std::size_t begin = 0;
  const std::size_t header_bytes = header_bytes_of(path, content_, begin);
  auto environments = std::make_shared<EnvironmentStates>();
  try {
    const Json header = Json::parse(std::string_view(content_).substr(begin, header_bytes));
    const std::string differs = difference(header.at("settings"), defining_settings(c));
    if (!differs.empty()) {
      throw UsageError(
          fmt::format("--resume {} {}: give the options that it was written with", path.string(), differs));
    }
    reached_ = {header.at("rounds_done").get<long>(), progress_from(header.at("measured"))};
    const auto bytes = header.at("environment_bytes").get<std::size_t>();
    const std::byte* first = reinterpret_cast<const std::byte*>(content_.data()) + begin + header_bytes;
    first_item_ = begin + header_bytes + bytes;
    std::size_t end = first_item_;
    for (const Json& item : header.at("items")) {
      items_.push_back({item.at("name").get<std::string>(), item.at("bytes").get<std::size_t>()});
      end += items_.back().bytes;
    }
    if (end != content_.size()) refuse(path, "contradicts itself about its size");
    environments->steps = static_cast<std::uint64_t>(reached_.rounds_done * c.steps_per_environment());
    environments->bytes_each = bytes / static_cast<std::size_t>(c.environments);
    environments->bytes.assign(first, first + bytes);
  } catch (const nlohmann::json::exception&) {
    refuse(path, "is of another version of prl");
  }
  environments_ = std::move(environments);
}

void Checkpoint::restore(RoundRunner& rounds) const {
  RunState state;
  rounds.add_state(state);
  bool same = state.items().size() == items_.size();
  for (std::size_t i = 0; same && i < items_.size(); ++i) {
    same = state.items()[i].name == items_[i].name && state.items()[i].bytes.size() == items_[i].bytes;
  }
  if (!same) refuse(path_, "is of another version of prl");
  const char* next = content_.data() + first_item_;
  for (const RunState::Item& item : state.items()) {
    std::memcpy(item.bytes.data(), next, item.bytes.size());
    next += item.bytes.size();
  }
}

}  // namespace prl
