#include "runner/checkpoint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <span>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "runner/atomic_file.hpp"
#include "runner/measured_progress.hpp"
#include "runner/run_record.hpp"

namespace prl {
namespace {

static_assert(std::endian::native == std::endian::little, "checkpoints are little-endian");

constexpr std::string_view kFormat = "prl-checkpoint-2";
constexpr std::string_view kAnyFormat = kFormat.substr(0, kFormat.size() - 1);

// What population based training copies; the rest is the run's own progress.
const std::set<std::string> kOfLearner = {kKeptParameters, "target parameters", "first moment",
                                          "second moment", "mean square",       "updates"};

[[noreturn]] void refuse(const std::string& source, const std::string& why) {
  throw UsageError(fmt::format("{} {}: give a file that 'prl train --checkpoint' wrote", source, why));
}

const std::filesystem::path& path_for(CheckpointUse use, const RunConfiguration& c) {
  return use == CheckpointUse::kResume ? c.checkpoint.resume : c.checkpoint.learner_from;
}

std::string source_of(CheckpointUse use, const RunConfiguration& c) {
  return fmt::format("{} {}", use == CheckpointUse::kResume ? "--resume" : "--learner-from", path_for(use, c).string());
}

std::string digest_of_bytes(std::span<const std::string_view> parts) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const std::string_view part : parts) {
    for (const char byte : part) {
      hash ^= static_cast<unsigned char>(byte);
      hash *= 0x100000001b3ULL;
    }
  }
  return fmt::format("{:016x}", hash);
}

// What the bits of workers that learn by themselves, or of gradients that are not added up in the order of the shards,
// depend on; of all others "none". As the options that choose it.
std::string agreement_of_bits(const RunConfiguration& c) {
  if (c.free_running()) {
    std::string options = fmt::format("{} --schedule free-running --workers {}", name_of(c.agreement), c.workers);
    if (c.agreement == Agreement::kServer) options += " --server-takes " + name_of(c.server_takes);
    if (c.agreement == Agreement::kHogwild) options += " --averages " + name_of(c.averages);
    return options;
  }
  if (c.meets_on_parameters()) {
    std::string options =
        fmt::format("{} --workers {} --agree-every {}", name_of(c.agreement), c.workers, c.agree_every);
    if (c.gossips()) options += fmt::format(" --graph {}", name_of(c.graph));
    return options;
  }
  if (c.codec.kind != CodecKind::kNone) return "all-reduce --codec " + to_string(c.codec);
  if (c.all_reduce != AllReduce::kDirect) return "all-reduce --all-reduce " + name_of(c.all_reduce);
  return "none";
}

// What a run's bits depend on: not who collects or learns, and not what its steps cost.
Json defining_settings(const RunConfiguration& c) {
  const Json all = configuration_json(c);
  Json defining;
  for (const char* name :
       {"algorithm", "environment", "publish_weights", "shards", "environments", "steps", "steps_per_round",
        "warmup_rounds", "seed", "solved_return", "hyperparameters", "evaluation"}) {
    defining[name] = all.at(name);
  }
  defining["lag"] = c.pipelined() ? 1 : c.lag;
  defining["agreement"] = agreement_of_bits(c);
  return defining.flatten();
}

// Whether a run may go on although the setting is another than the file's.
bool may_differ(const std::string& name, CheckpointUse use, const RunConfiguration& c) {
  if (use == CheckpointUse::kLearnerFrom) return name != "/algorithm" && name != "/environment";
  return !c.checkpoint.learner_from.empty() && (name == "/seed" || name.rfind("/hyperparameters/", 0) == 0);
}

// The first setting in which the runs differ, in words; empty where there is none.
std::string difference(const Json& of_file, CheckpointUse use, const RunConfiguration& c) {
  const Json here = defining_settings(c);
  for (const auto& [name, value] : here.items()) {
    if (may_differ(name, use, c)) continue;
    const Json there = of_file.value(name, Json(nullptr));
    if (there == value) continue;
    const std::string last = name.substr(name.rfind('/') + 1);
    return fmt::format("is of another run: its {} is {}, not {}", last, there.dump(), value.dump());
  }
  return "";
}

std::string read_whole(const std::filesystem::path& path, const std::string& source) {
  std::error_code error;
  const bool ordinary = std::filesystem::is_regular_file(path, error);
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!ordinary || !file) refuse(source, "cannot be read");
  std::string content(static_cast<std::size_t>(file.tellg()), '\0');
  file.seekg(0);
  if (!file.read(content.data(), static_cast<std::streamsize>(content.size()))) refuse(source, "cannot be read");
  return content;
}

// The words of the first line; where it ends, in `end`.
std::size_t header_bytes_of(const std::string& source, std::string_view content, std::size_t& end) {
  end = content.find('\n');
  if (!content.starts_with(kAnyFormat) || end == std::string_view::npos) refuse(source, "is no checkpoint");
  if (!content.starts_with(kFormat)) refuse(source, "is of another version of prl");
  const std::string_view line = content.substr(0, end);
  ++end;
  std::size_t bytes = 0;
  const char* number = line.data() + kFormat.size() + 1;
  const auto [after, error] = std::from_chars(number, line.data() + line.size(), bytes);
  const bool whole = error == std::errc{} && after < line.data() + line.size();
  const std::string_view digest = whole ? line.substr(static_cast<std::size_t>(after + 1 - line.data())) : "";
  const std::string_view body = content.substr(end);
  if (digest != digest_of_bytes({&body, 1})) refuse(source, "is damaged or cut short");
  return bytes;
}

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// An item put together from its pieces.
struct WrittenItem {
  std::string name;
  std::size_t whole = 0;
  std::vector<const RunState::Piece*> pieces;
  std::vector<std::string_view> parts;  // what is written: all but the zeros at the end

  std::size_t stored() const {
    std::size_t bytes = 0;
    for (const std::string_view part : parts) bytes += part.size();
    return bytes;
  }

  // Of what several workers hold alike, the first is taken. Throws std::logic_error where a part is missing.
  void join() {
    std::stable_sort(pieces.begin(), pieces.end(), [](const auto* a, const auto* b) { return a->offset < b->offset; });
    std::size_t end = 0;
    for (const RunState::Piece* piece : pieces) {
      if (piece->whole != whole) throw std::logic_error("a checkpoint's " + name + " has two lengths");
      if (piece->offset < end || piece->bytes.empty()) continue;
      if (piece->offset != end) break;
      parts.push_back(text_of(piece->bytes));
      end += piece->bytes.size();
    }
    if (end != whole) throw std::logic_error("a checkpoint's " + name + " lacks a part");
    while (!parts.empty()) {
      const std::size_t last = parts.back().find_last_not_of('\0');
      if (last != std::string_view::npos) {
        parts.back() = parts.back().substr(0, last + 1);
        return;
      }
      parts.pop_back();
    }
  }
};

std::vector<WrittenItem> items_of(const RunState& state) {
  std::vector<WrittenItem> items;
  std::map<std::string_view, std::size_t> places;
  for (const RunState::Piece& piece : state.pieces()) {
    const auto [place, added] = places.try_emplace(piece.name, items.size());
    if (added) items.push_back({piece.name, piece.whole, {}, {}});
    items[place->second].pieces.push_back(&piece);
  }
  for (WrittenItem& item : items) item.join();
  return items;
}

}  // namespace

void add_environments(const SegmentView& segment, int environments, RunState& state) {
  const auto bytes = static_cast<std::size_t>(segment.layout().state_bytes);
  if (bytes == 0) return;
  for (int i = 0; i < segment.count(); ++i) {
    state.add_piece(kKeptEnvironments, std::span(segment.trajectory(i).kept_state, bytes),
                    static_cast<std::size_t>(segment.first() + i) * bytes,
                    static_cast<std::size_t>(environments) * bytes);
  }
}

void save_checkpoint(const std::filesystem::path& path, const RunConfiguration& c, const RunStart& reached,
                     RoundRunner& rounds) {
  RunState state;
  rounds.add_state(state);
  const std::vector<WrittenItem> items = items_of(state);
  Json header = {{"settings", defining_settings(c)},
                 {"rounds_done", reached.rounds_done},
                 {"measured", progress_json(reached.so_far)},
                 {"items", Json::array()}};
  for (const WrittenItem& item : items) header["items"].push_back({item.name, item.whole, item.stored()});
  const std::string header_text = header.dump();
  std::vector<std::string_view> parts = {"", header_text};
  for (const WrittenItem& item : items) parts.insert(parts.end(), item.parts.begin(), item.parts.end());
  const std::string line = fmt::format("{} {} {}\n", kFormat, header_text.size(), digest_of_bytes(parts));
  parts.front() = line;
  write_file_atomically(path, parts);
}

Checkpoint::Checkpoint(CheckpointUse use, const RunConfiguration& c)
    : source_(source_of(use, c)), content_(read_whole(path_for(use, c), source_)) {
  std::size_t begin = 0;
  const std::size_t header_bytes = header_bytes_of(source_, content_, begin);
  try {
    const Json header = Json::parse(std::string_view(content_).substr(begin, header_bytes));
    const std::string differs = difference(header.at("settings"), use, c);
    if (!differs.empty()) {
      throw UsageError(fmt::format("{} {}: give the options that it was written with", source_, differs));
    }
    reached_ = {header.at("rounds_done").get<long>(), progress_from(header.at("measured"))};
    std::size_t next = begin + header_bytes;
    for (const Json& item : header.at("items")) {
      const auto stored = item.at(2).get<std::size_t>();
      if (stored > content_.size() - next) refuse(source_, "contradicts itself about its size");
      items_[item.at(0).get<std::string>()] = {item.at(1).get<std::size_t>(),
                                               std::string_view(content_).substr(next, stored)};
      next += stored;
    }
    if (next != content_.size()) refuse(source_, "contradicts itself about its size");
  } catch (const nlohmann::json::exception&) {
    refuse(source_, "is of another version of prl");
  }
  auto environments = std::make_shared<EnvironmentStates>();
  environments->steps = static_cast<std::uint64_t>(reached_.rounds_done * c.steps_per_environment());
  if (const auto kept = items_.find(kKeptEnvironments); kept != items_.end()) {
    environments->bytes.resize(kept->second.whole);
    environments->bytes_each = kept->second.whole / static_cast<std::size_t>(c.environments);
    copy({kKeptEnvironments, 0, kept->second.whole, environments->bytes});
  }
  environments_ = std::move(environments);
}

void Checkpoint::copy(const RunState::Piece& piece) const {
  const auto found = items_.find(piece.name);
  if (found == items_.end() || found->second.whole != piece.whole) refuse(source_, "is of another version of prl");
  const std::string_view stored = found->second.stored;
  const std::string_view from = stored.substr(std::min(piece.offset, stored.size()), piece.bytes.size());
  if (!from.empty()) std::memcpy(piece.bytes.data(), from.data(), from.size());
  std::fill(piece.bytes.begin() + static_cast<std::ptrdiff_t>(from.size()), piece.bytes.end(), std::byte{0});
}

void Checkpoint::restore(const RunState& state) const {
  for (const RunState::Piece& piece : state.pieces()) copy(piece);
}

void Checkpoint::hand_over_learner(RoundRunner& rounds) const {
  RunState state;
  rounds.add_state(state);
  for (const RunState::Piece& piece : state.pieces()) {
    if (!kOfLearner.contains(piece.name)) continue;
    const auto kept = items_.find(piece.name);
    if (kept == items_.end() || kept->second.whole != piece.whole) {
      throw UsageError(fmt::format(
          "{} has another {} than this run: give a checkpoint of the same network and optimiser", source_, piece.name));
    }
    copy(piece);
  }
}

RunConfiguration going_on(RunConfiguration c) {
  if (!c.checkpoint.resume.empty()) c.checkpoint.resumed = std::make_shared<Checkpoint>(CheckpointUse::kResume, c);
  return c;
}

RunStart reached_before(const RunConfiguration& c) {
  return c.checkpoint.resumed ? c.checkpoint.resumed->reached() : RunStart{};
}

long rounds_done_before(const RunConfiguration& c) {
  return c.checkpoint.resumed ? c.checkpoint.resumed->reached().rounds_done : 0;
}

std::shared_ptr<const EnvironmentStates> states_before(const RunConfiguration& c) {
  return c.checkpoint.resumed ? c.checkpoint.resumed->environments() : nullptr;
}

void restore_state(const RunConfiguration& c, const RunState& state) {
  if (c.checkpoint.resumed) c.checkpoint.resumed->restore(state);
}

}  // namespace prl
