// Gossip without learning: members that start from random parameters meet again and again, and their disagreement is
// noted after every meeting. Theory says by how much a graph must make it shrink; this is what the messages do.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "core/random.hpp"
#include "parallel/agree/gossip/member_average.hpp"
#include "parallel/agree/gossip/parameter_gossip.hpp"
#include "parallel/transport/shared_memory_transport.hpp"

namespace {

using namespace prl;
using nlohmann::ordered_json;

struct Options {
  std::string output;
  std::vector<int> members = {4, 8, 16};
  int rounds = 40;
  int parameters = 64;
  std::uint64_t seed = 1;
};

struct Mixing {
  std::vector<double> disagreement;  // at the start and after each meeting
  double mean_drift = 0.0;           // of the members' average over all meetings, of largest magnitude
  std::vector<std::uint64_t> bytes;  // sent by each member
  std::vector<std::uint64_t> messages;
};

std::vector<double> random_parameters(const Options& options, int member) {
  Rng rng(options.seed, RandomPurpose::kInitialisation, static_cast<std::uint32_t>(member), 0);
  std::vector<double> values(static_cast<std::size_t>(options.parameters));
  for (double& value : values) value = rng.uniform(-1.0, 1.0);
  return values;
}

// What one member does; member 0 notes what all see together.
void meet_as(const Options& options, GossipTopology topology, Transport& transport, Mixing& mixing) {
  std::vector<double> own = random_parameters(options, transport.rank());
  const auto agreement = make_gossip<double>(transport, topology, options.seed, own.size());
  AverageOfMembers<double> average(transport, own.size());
  std::vector<double> first_average;
  for (int round = 0; round <= options.rounds; ++round) {
    if (round > 0) agreement->meet(own);
    const double disagreement = average.measure(own).disagreement;
    if (transport.rank() != 0) continue;
    mixing.disagreement.push_back(disagreement);
    if (round == 0) first_average.assign(average.average().begin(), average.average().end());
  }
  const auto rank = static_cast<std::size_t>(transport.rank());
  mixing.bytes[rank] = transport.ledger().of(Purpose::kWeights).bytes;
  mixing.messages[rank] = transport.ledger().of(Purpose::kWeights).messages;
  for (std::size_t k = 0; k < first_average.size(); ++k) {
    mixing.mean_drift = std::max(mixing.mean_drift, std::abs(average.average()[k] - first_average[k]));
  }
}

Mixing mix(const Options& options, GossipTopology topology, int members) {
  Mixing mixing;
  mixing.bytes.resize(static_cast<std::size_t>(members));
  mixing.messages.resize(static_cast<std::size_t>(members));
  SharedMailboxes mailboxes(members);
  std::vector<std::thread> threads;
  for (int member = 0; member < members; ++member) {
    threads.emplace_back([&, member] {
      SharedMemoryTransport transport(mailboxes, member);
      meet_as(options, topology, transport, mixing);
    });
  }
  for (std::thread& thread : threads) thread.join();
  return mixing;
}

ordered_json measure(const Options& options) {
  ordered_json runs = ordered_json::array();
  for (const GossipTopology topology : kGossipTopologies) {
    for (const int members : options.members) {
      const Mixing mixing = mix(options, topology, members);
      runs.push_back({{"graph", name_of(topology)},
                      {"members", members},
                      {"disagreement", mixing.disagreement},
                      {"mean_drift", mixing.mean_drift},
                      {"bytes", mixing.bytes},
                      {"messages", mixing.messages}});
    }
  }
  return {{"schema_version", 1},
          {"kind", "gossip_mixing"},
          {"seed", options.seed},
          {"parameters", options.parameters},
          {"parameter_bytes", static_cast<std::size_t>(options.parameters) * sizeof(double)},
          {"meetings", options.rounds},
          {"runs", std::move(runs)}};
}

// The whole file or none. Throws std::runtime_error.
void write_atomically(const ordered_json& document, const std::string& path) {
  const std::string partial = path + ".partial";
  std::ofstream file(partial, std::ios::trunc);
  file << document.dump(1) << '\n';
  file.close();
  std::error_code error;
  if (file) std::filesystem::rename(partial, path, error);
  if (!file || error) {
    throw std::runtime_error("cannot write " + path +
                             "; expected a folder that may be written to and has room; choose another --output");
  }
}

// Exit status 0; 1 where the work failed, 2 for bad input.
int run(int argc, char* argv[]) {
  Options options;
  CLI::App app{"How fast members that gossip agree, by graph, without learning."};
  app.add_option("--output", options.output, "JSON file to write")->required();
  app.add_option("--members", options.members, "numbers of members")->delimiter(',')->check(CLI::Range(1, 64));
  app.add_option("--meetings", options.rounds, "meetings of each")->check(CLI::Range(1, 10'000))->capture_default_str();
  app.add_option("--parameters", options.parameters, "parameters of each member")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  app.add_option("--seed", options.seed, "of the parameters and of drawn graphs")->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    fmt::print(stderr, "gossip_mixing: {}; see --help\n", error.what());
    return 2;
  }
  write_atomically(measure(options), options.output);
  return 0;
}

}  // namespace

int main(int argc, char* argv[]) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "gossip_mixing: %s\n", error.what());
  }
  return 1;
}
