#include "runner/tune/study.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>

#include "runner/config_file.hpp"
#include "runner/toml_file.hpp"
#include "runner/train_options.hpp"

namespace prl {
namespace {

constexpr const char* kWanted = "a TOML file with the tables study, train and space (see docs/tuning.md)";

// Options that the study gives its trials itself.
const std::set<std::string> kOwnOptions = {
    "--rounds",         "--steps",  "--stop-after", "--record",           "--save-policy", "--progress",    "--help",
    "--initial-policy", "--config", "--checkpoint", "--checkpoint-every", "--resume",      "--learner-from"};
// What the parameters of a policy belong to: members of a population must have it in common.
const std::set<std::string> kOfPolicies = {"--algorithm", "--env", "--preset", "--hidden", "--trunk", "--activation"};

class StudyReader {
 public:
  StudyReader(const std::filesystem::path& path, Study& study)
      : path_(path), file_(read_toml(path, kWanted)), study_(study) {}

  void read() {
    allow(file_, "", {"study", "train", "space"});
    read_numbers();
    read_train();
    read_space();
    check_train();
  }

 private:
  template <typename... Parts>
  [[noreturn]] void refuse(fmt::format_string<Parts...> text, Parts&&... parts) const {
    throw UsageError(fmt::format("{}: {}", path_.string(), fmt::format(text, std::forward<Parts>(parts)...)));
  }

  void allow(const toml::table& table, const std::string& name, const std::vector<std::string>& known) const {
    for (const auto& [key, node] : table) {
      if (std::find(known.begin(), known.end(), key.str()) == known.end()) {
        refuse("'{}{}' is unknown: give some of {}", name.empty() ? "" : name + ".", std::string(key.str()),
               fmt::join(known, ", "));
      }
    }
  }

  // A number of the table, or `otherwise`.
  double number(const toml::table& table, const std::string& key, double otherwise, double least, double most) const {
    const toml::node* node = table.get(key);
    if (node == nullptr) return otherwise;
    const std::optional<double> value = node->is_number() ? node->value<double>() : std::nullopt;
    if (!value || !(*value >= least && *value <= most)) {
      refuse("{} must be a number from {:g} to {:g}", key, least, most);
    }
    return *value;
  }

  long whole(const toml::table& table, const std::string& key, long otherwise, long least, long most) const {
    const toml::node* node = table.get(key);
    if (node != nullptr && !node->is_integer()) refuse("{} must be a whole number", key);
    return static_cast<long>(
        number(table, key, static_cast<double>(otherwise), static_cast<double>(least), static_cast<double>(most)));
  }

  void read_numbers() {
    const toml::table* table = file_["study"].as_table();
    if (table == nullptr || !table->contains("rounds")) refuse("it has no rounds: give [study] with rounds = N");
    allow(*table, "study",
          {"rounds", "objective", "seed", "target", "first_rounds", "reduction", "truncation", "synchronous"});
    constexpr long kMost = 1'000'000'000;
    SearchPlan& plan = study_.plan;
    plan.rounds = whole(*table, "rounds", 1, 1, kMost);
    plan.seed = static_cast<std::uint64_t>(whole(*table, "seed", 1, 0, kMost));
    plan.reduction = static_cast<int>(whole(*table, "reduction", 3, 2, 1000));
    plan.truncation = number(*table, "truncation", 0.25, 0.0, 0.5);
    const toml::node* synchronous = table->get("synchronous");
    if (synchronous != nullptr && !synchronous->is_boolean()) refuse("synchronous must be true or false");
    plan.synchronous = (*table)["synchronous"].value_or(false);
    const bool staged = plan.kind == SearchKind::kHalving || plan.kind == SearchKind::kPopulation;
    if (staged && !table->contains("first_rounds")) {
      refuse("--search {} needs study.first_rounds: give the rounds of its first {}", name_of(plan.kind),
             plan.kind == SearchKind::kHalving ? "rung" : "stage");
    }
    plan.first_rounds = whole(*table, "first_rounds", plan.rounds, 1, plan.rounds);
    if (table->contains("target")) study_.target = number(*table, "target", 0.0, -1e12, 1e12);
    const std::string objective = (*table)["objective"].value_or(std::string("best"));
    if (objective != "best" && objective != "final") refuse("objective '{}' is unknown: give best or final", objective);
    study_.objective = objective == "best" ? Objective::kBest : Objective::kFinal;
  }

  std::vector<std::string> known_options() const {
    CLI::App app;
    TrainOptions options;
    add_train_options(app, options);
    std::vector<std::string> names;
    for (const CLI::Option* option : app.get_options()) {
      if (!kOwnOptions.contains(option->get_name())) names.push_back(option->get_name());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  void read_train() { study_.train = options_from_toml(path_, known_options(), "train"); }

  void read_space() {
    const toml::table* space = file_["space"].as_table();
    if (space == nullptr || space->empty()) refuse("it draws nothing: give a table like [space.learning_rate]");
    const std::vector<std::string> known = known_options();
    for (const auto& [key, node] : *space) {
      Dimension dimension;
      dimension.option = fmt::format("--{}", key.str());
      std::replace(dimension.option.begin(), dimension.option.end(), '_', '-');
      if (std::find(known.begin(), known.end(), dimension.option) == known.end()) {
        refuse("space.{} is no option of prl train that a study may draw", std::string(key.str()));
      }
      if (study_.plan.kind == SearchKind::kPopulation && kOfPolicies.contains(dimension.option)) {
        refuse(
            "space.{} cannot be drawn by --search pbt, whose members take over each other's parameters: use "
            "another search",
            std::string(key.str()));
      }
      if (study_.plan.kind == SearchKind::kGrid && node.as_table() != nullptr && !node.as_table()->contains("values")) {
        refuse("space.{} is no choice, and --search grid runs every combination of choices: give values = [...]",
               std::string(key.str()));
      }
      if (!node.is_table()) refuse("space.{} is no table: give kind and its limits or values", std::string(key.str()));
      read_dimension(fmt::format("space.{}", key.str()), *node.as_table(), dimension);
      study_.plan.space.push_back(std::move(dimension));
    }
  }

  void read_dimension(const std::string& name, const toml::table& table, Dimension& dimension) const {
    const std::string kind = table["kind"].value_or(std::string());
    if (kind == "choice") {
      allow(table, name, {"kind", "values"});
      dimension.law = SpaceLaw::kChoice;
      const toml::array* values = table["values"].as_array();
      if (values == nullptr || values->empty()) refuse("{} has no values to choose from: give values = [...]", name);
      for (const auto& value : *values) dimension.values.push_back(option_text(value, name));
      return;
    }
    allow(table, name, {"kind", "low", "high"});
    if (kind == "uniform") {
      dimension.law = SpaceLaw::kUniform;
    } else if (kind == "log-uniform") {
      dimension.law = SpaceLaw::kLogUniform;
    } else if (kind == "int") {
      dimension.law = SpaceLaw::kInteger;
    } else {
      refuse("{} is of kind '{}': give uniform, log-uniform, int or choice", name, kind);
    }
    if (!table.contains("low") || !table.contains("high")) refuse("{} has no limits: give low and high", name);
    const bool whole_numbers = dimension.law == SpaceLaw::kInteger;
    dimension.low = whole_numbers ? static_cast<double>(whole(table, "low", 0, -1'000'000'000, 1'000'000'000))
                                  : number(table, "low", 0.0, -1e300, 1e300);
    dimension.high = whole_numbers ? static_cast<double>(whole(table, "high", 0, -1'000'000'000, 1'000'000'000))
                                   : number(table, "high", 0.0, -1e300, 1e300);
    if (!(dimension.low < dimension.high))
      refuse("{} has low {:g} and high {:g}: give a high above", name, dimension.low, dimension.high);
    if (dimension.law == SpaceLaw::kLogUniform && dimension.low <= 0.0) {
      refuse("{} has low {:g}: give a low above 0 for a logarithm", name, dimension.low);
    }
  }

  // What no setting can mend is said before anything is run.
  void check_train() const {
    CLI::App app;
    TrainOptions options;
    add_train_options(app, options);
    std::vector<std::string> words = study_.train;
    for (const Dimension& dimension : study_.plan.space) {
      if (dimension.law == SpaceLaw::kChoice) words.push_back(dimension.option + "=" + dimension.values.front());
    }
    words.push_back(fmt::format("--rounds={}", study_.plan.rounds));
    std::reverse(words.begin(), words.end());  // CLI11 takes them from the back.
    try {
      app.parse(words);
    } catch (const CLI::ParseError& error) {
      refuse("train: {}", error.what());
    }
    const bool draws_choice = std::any_of(study_.plan.space.begin(), study_.plan.space.end(),
                                          [](const Dimension& d) { return d.law == SpaceLaw::kChoice; });
    const EvaluationSetting& evaluation = options.base.evaluation;
    if (evaluation.every_rounds == 0 && evaluation.final_episodes == 0) {
      refuse("its trials are never evaluated: give train.evaluate_every or train.final_episodes");
    }
    if (options.base.collect == CollectMode::kMpi) {
      refuse(
          "train.collect is mpi: trials start ranks of their own beside each other; use threads or processes in a "
          "trial");
    }
    if (!draws_choice) configure(options);
  }

  std::filesystem::path path_;
  toml::table file_;
  Study& study_;
};

}  // namespace

std::string name_of(Objective objective) { return objective == Objective::kBest ? "best" : "final"; }

Study read_study(const std::filesystem::path& path, SearchKind kind, int trials) {
  Study study;
  study.plan.kind = kind;
  study.plan.trials = trials;
  StudyReader(path, study).read();
  std::ifstream file(path, std::ios::binary);
  study.text.assign(std::istreambuf_iterator<char>(file), {});
  return study;
}

}  // namespace prl
