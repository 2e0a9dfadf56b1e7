#include <fmt/format.h>

#include <array>
#include <string_view>

#include "device/cuda_device.hpp"
#include "envs/registry.hpp"
#include "envs/tabular/registry.hpp"
#include "runner/cell_matrix.hpp"
#include "runner/commands.hpp"
#include "runner/run_record.hpp"
#include "runner/tabular/tabular_cells.hpp"
#include "runner/train_options.hpp"

namespace prl {
namespace {

// A method of the literature and the cell that it is.
struct KnownName {
  std::string_view name;
  std::string_view options;
};
constexpr std::array<KnownName, 9> kKnownNames = {
    {{"A2C", "--algorithm a2c"},
     {"A2C, gradients summed", "--algorithm a2c --collect processes --workers 2 --agreement all-reduce"},
     {"A3C", "--algorithm a2c --collect threads --workers 2 --schedule free-running --agreement hogwild"},
     {"Parameter server, synchronous",
      "--algorithm dqn --env CartPole-v1 --collect processes --workers 2 --agreement server"},
     {"Gossip", "--algorithm a2c --env CartPole-v1 --collect processes --workers 2 --agreement gossip"},
     {"AD-PSGD", "--algorithm a2c --collect processes --workers 2 --schedule free-running --agreement gossip"},
     {"Parameter server, asynchronous",
      "--algorithm dqn --env CartPole-v1 --collect processes --workers 2 --schedule free-running --agreement server"},
     {"IMPALA", "--algorithm vtrace --collect processes --workers 2 --schedule free-running"},
     {"Ape-X", "--algorithm dqn --preset apex --env CartPole-v1"}}};

Json known_names_json() {
  Json json = Json::array();
  for (const KnownName& known : kKnownNames) {
    json.push_back({{"name", std::string(known.name)}, {"options", std::string(known.options)}});
  }
  return json;
}

Json environments_json() {
  Json json = Json::array();
  for (const EnvironmentEntry* entry : environments()) {
    const EnvironmentInfo info = entry->info();
    json.push_back({{"name", std::string(info.name)},
                    {"observation_size", info.observation_size},
                    {"action_size", info.head_size},
                    {"discrete", info.discrete},
                    {"time_limit", info.time_limit},
                    {"autoreset", std::string(info.autoreset)},
                    {"reward_threshold", info.solved_return}});
  }
  return json;
}

Json presets_json() {
  Json json = Json::array();
  for (const std::string_view rule : rule_names()) {
    for (const EnvironmentEntry* entry : environments()) {
      const ActionKind actions = entry->info().discrete ? ActionKind::kDiscrete : ActionKind::kContinuous;
      if (!why_not(rule, actions).empty()) continue;
      for (const RulePreset& preset : presets_of(rule, entry->info().name)) {
        Json settings = settings_json(preset.setting, preset.network);
        settings["steps_per_round"] = steps_per_round(preset, entry->info());
        json.push_back({{"name", std::string(preset.name)},
                        {"algorithm", std::string(rule)},
                        {"environment", std::string(entry->info().name)},
                        {"settings", std::move(settings)},
                        {"description", std::string(preset.description)}});
      }
    }
  }
  return json;
}

Json cells_json() {
  Json json = Json::array();
  for (const Cell& cell : all_cells()) {
    json.push_back({{"algorithm", cell.algorithm},
                    {"collect", name_of(cell.mode.collect)},
                    {"inference", name_of(cell.mode.inference)},
                    {"agreement", name_of(cell.mode.agreement)},
                    {"schedule", name_of(cell.mode.schedule)},
                    {"available", cell.available},
                    {"reason", cell.reason}});
  }
  return json;
}

Json gpu_json() {
  const CudaDeviceAnswer answer = find_cuda_device();
  if (!answer.device) return {{"device", nullptr}, {"reason", answer.reason}};
  const CudaDevice& device = *answer.device;
  return {{"device",
           {{"name", device.name},
            {"capability", device.capability},
            {"driver", device.driver},
            {"multiprocessors", device.multiprocessors},
            {"memory_bytes", device.memory_bytes}}},
          {"reason", ""}};
}

Json tables_json() {
  Json json = Json::array();
  for (const TableInfo& info : tables()) {
    const TransitionTable table = transition_table(info.name);
    json.push_back({{"name", info.name},
                    {"states", table.states()},
                    {"actions", table.actions()},
                    {"time_limit", info.time_limit},
                    {"deterministic", table.deterministic()}});
  }
  return json;
}

Json tabular_cells_json() {
  Json json = Json::array();
  for (const TabularCell& cell : all_tabular_cells()) {
    json.push_back({{"algorithm", name_of(cell.rule)},
                    {"collect", name_of(cell.collect)},
                    {"experience", name_of(cell.experience)},
                    {"agreement", name_of(cell.agreement)},
                    {"available", cell.available},
                    {"reason", cell.reason}});
  }
  return json;
}

void print_environments() {
  fmt::print("Environments\n");
  for (const EnvironmentEntry* entry : environments()) {
    const EnvironmentInfo info = entry->info();
    fmt::print("  {:<24} observations {}, {} {}, at most {} steps, solved at {}\n", info.name, info.observation_size,
               info.head_size, info.discrete ? "discrete actions" : "continuous action(s)", info.time_limit,
               info.solved_return);
  }
}

void print_presets() {
  for (const std::string_view rule : rule_names()) {
    fmt::print("\nPresets of {}\n", rule);
    for (const RulePreset& preset : presets_of(rule, "CartPole-v1")) {
      fmt::print("  {:<14} {}\n", preset.name, preset.description);
    }
  }
}

void print_cells() {
  fmt::print("\nCells: rule, --collect, --inference, --agreement, --schedule\n");
  for (const Cell& cell : all_cells()) {
    const ParallelMode& mode = cell.mode;
    fmt::print("  {} {:<9} {:<10} {:<8} {:<10} {:<12} {}\n", cell.available ? "+" : "-", cell.algorithm,
               name_of(mode.collect), name_of(mode.inference), name_of(mode.agreement), name_of(mode.schedule),
               cell.reason);
  }
}

void print_known_names() {
  fmt::print("\nNames of the literature\n");
  for (const KnownName& known : kKnownNames) fmt::print("  {:<22} {}\n", known.name, known.options);
}

void print_gpu() {
  const CudaDeviceAnswer answer = find_cuda_device();
  const std::string_view toolkit = cuda_toolkit_version();
  fmt::print("\nGPU kernels: {}\n", toolkit.empty() ? "none in this build" : fmt::format("of CUDA {}", toolkit));
  if (answer.device) {
    fmt::print("  {}, compute capability {}, driver for CUDA {}, {} MiB\n", answer.device->name,
               answer.device->capability, answer.device->driver, answer.device->memory_bytes >> 20);
  } else {
    fmt::print("  {}\n", answer.reason);
  }
}

void print_tables() {
  fmt::print("\nTables, of the tabular rules; any RandomMdp-S<states>-A<actions>[-seed<n>]\n");
  for (const TableInfo& info : tables()) {
    const TransitionTable table = transition_table(info.name);
    fmt::print("  {:<24} {} states, {} actions, {}\n", info.name, table.states(), table.actions(),
               info.time_limit > 0 ? fmt::format("at most {} steps", info.time_limit) : "no time limit");
  }
}

void print_tabular_cells() {
  fmt::print("\nCells of the tabular rules: rule, --collect, --experience, --agreement\n");
  for (const TabularCell& cell : all_tabular_cells()) {
    fmt::print("  {} {:<10} {:<10} {:<8} {:<10} {}\n", cell.available ? "+" : "-", name_of(cell.rule),
               name_of(cell.collect), name_of(cell.experience), name_of(cell.agreement), cell.reason);
  }
}

}  // namespace

int run_list(const ListOptions& options) {
  if (!options.json) {
    print_environments();
    print_tables();
    print_presets();
    print_known_names();
    print_cells();
    print_tabular_cells();
    print_gpu();
    return 0;
  }
  const Json json = {{"schema_version", kSchemaVersion},
                     {"build", build_json()},
                     {"machine", machine_json(describe_machine())},
                     {"gpu", gpu_json()},
                     {"environments", environments_json()},
                     {"presets", presets_json()},
                     {"known_names", known_names_json()},
                     {"cells", cells_json()},
                     {"tables", tables_json()},
                     {"tabular_cells", tabular_cells_json()}};
  fmt::print("{}\n", json.dump(1));
  return 0;
}

}  // namespace prl
