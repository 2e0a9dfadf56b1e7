#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <cstdio>
#include <string_view>

#include "parallel/transport/mpi_session.hpp"
#include "runner/add_option.hpp"
#include "runner/commands.hpp"
#include "runner/interrupt.hpp"
#include "runner/mpi_launch.hpp"
#include "runner/option_values.hpp"
#include "runner/tune/study_record.hpp"
#include "runner/tune/trial_processes.hpp"
#include "runner/tune/trial_ranks.hpp"
#include "runner/tune/trial_threads.hpp"
#include "runner/tune/tune_options.hpp"

namespace prl {
namespace {

constexpr int kMostTrials = 100'000;
constexpr int kMostWorkers = 4096;

std::string name_of(TunePlace place) {
  if (place == TunePlace::kThreads) return "threads";
  return place == TunePlace::kProcesses ? "processes" : "mpi";
}

// What a person sees while a study goes on, on standard error: one line that is rewritten on a terminal, else a line a
// trial; failures always.
class StudyProgress {
 public:
  explicit StudyProgress(ProgressStyle style)
      : shown_(style != ProgressStyle::kNone),
        rewrite_(style == ProgressStyle::kAuto && ::isatty(STDERR_FILENO) != 0) {}

  void show(const TrialResult& ended, std::size_t ended_trials, std::size_t running) {
    if (ended.objective && (!best_ || *ended.objective > *best_)) best_ = ended.objective;
    const std::string name = fmt::format("trial {} stage {}", ended.trial.number, ended.trial.stage);
    if (!ended.objective) {
      finish();
      fmt::print(stderr, "prl: {} failed: {}\n", name, ended.error);
    }
    if (!shown_) return;
    const std::string best = best_ ? fmt::format(", best {:.2f}", *best_) : "";
    if (rewrite_) {
      fmt::print(stderr, "\r\033[K{} runs ended, {} running{}", ended_trials, running, best);
      open_line_ = true;
    } else if (ended.objective) {
      fmt::print(stderr, "{}: {:.2f} after {:.1f} s{}\n", name, *ended.objective,
                 ended.ended_seconds - ended.started_seconds, best);
    }
  }

  void finish() {
    if (open_line_) fmt::print(stderr, "\n");
    open_line_ = false;
  }

 private:
  bool shown_;
  bool rewrite_;
  bool open_line_ = false;
  std::optional<double> best_;
};

void check(const TuneOptions& options) {
  const auto require = [](bool holds, const std::string& message) {
    if (!holds) throw UsageError(message);
  };
  require(options.trials >= 1 && options.trials <= kMostTrials,
          fmt::format("--trials is {}: give a whole number from 1 to {}", options.trials, kMostTrials));
  require(options.workers >= 1 && options.workers <= kMostWorkers,
          fmt::format("--workers is {}: give a whole number from 1 to {}", options.workers, kMostWorkers));
  require(options.search != SearchKind::kPopulation || options.trials >= 2,
          "--search pbt has members that take over from each other: give at least 2 --trials");
  const int ranks = launched_ranks();
  require(
      options.place == TunePlace::kMpi || ranks <= 1,
      fmt::format("started by a launcher with {} ranks but --place is {}: give --place mpi, or start prl without the "
                  "launcher",
                  ranks, name_of(options.place)));
  require(options.place != TunePlace::kMpi || ranks == 0 || ranks == options.workers,
          fmt::format("--workers {} but the launcher started {} ranks: give --workers {} or start as many ranks as "
                      "workers",
                      options.workers, ranks, ranks));
}

// Whether all trials can be run by threads is known before anything is; what a trial draws it says itself.
void check_for_threads(const Study& study) {
  for (const std::string& word : study.train) {
    if (word.rfind("--collect=", 0) != 0 || word == "--collect=serial") continue;
    throw UsageError(
        fmt::format("--place threads with train.collect {}: a process with threads must not fork, and oneTBB's number "
                    "of threads is "
                    "the whole process's; leave collect away, or use --place processes",
                    word.substr(std::string_view("--collect=").size())));
  }
}

int run_on(TrialPlace& place, const Study& study, const TuneOptions& options,
           const std::vector<std::string>& arguments) {
  const StudyFolder folder(options.output, plan_json(study), options.resume);
  StudyProgress progress(options.progress);
  const StudyOutcome outcome = run_study(
      study, folder, place, stop_requested(),
      [&](const TrialResult& ended, std::size_t all, std::size_t running) { progress.show(ended, all, running); });
  progress.finish();
  const std::string command = fmt::format("prl {}", fmt::join(arguments, " "));
  folder.save_study(study_json(command, study, name_of(options.place), outcome));
  const TrialResult* best = best_of(outcome.results);
  if (options.progress != ProgressStyle::kNone) {
    fmt::print("{}", study_table(study, outcome.results));
    fmt::print("{} of {} trials, {} runs in {:.1f} s with {} workers", prl::name_of(study.plan.kind), study.plan.trials,
               outcome.results.size(), outcome.seconds, place.workers());
    if (best != nullptr) fmt::print(", best {:.2f}: trial {}", *best->objective, best->trial.number);
    fmt::print("\n");
  }
  if (outcome.interrupted) return kExitInterrupted;
  return best != nullptr ? 0 : kExitFailed;
}

}  // namespace

void add_tune_options(CLI::App& command, TuneOptions& o) {
  add_value(command, "--study", o.study, "FILE", "TOML file with what is tried and how it is judged")->required();
  add_value(command, "--output", o.output, "FOLDER", "folder of the study's results")->required();
  add_choice<SearchKind>(
      command, "--search", o.search,
      {{"random", SearchKind::kRandom},
       {"grid", SearchKind::kGrid},
       {"asha", SearchKind::kHalving},
       {"pbt", SearchKind::kPopulation}},
      "random search, every combination of choices, asynchronous successive halving, or population based training "
      "[random]");
  add_value(command, "--trials", o.trials, "N", "settings that are tried; members of a population");
  add_value(command, "--workers", o.workers, "N", "trials that run at once");
  add_choice<TunePlace>(
      command, "--place", o.place,
      {{"processes", TunePlace::kProcesses}, {"mpi", TunePlace::kMpi}, {"threads", TunePlace::kThreads}},
      "who runs trials: processes or threads of this program, or MPI ranks; mpi starts itself under mpirun "
      "[processes]");
  command.add_flag("--resume", o.resume, "go on with the study in the folder: run what is missing or failed");
  add_choice<ProgressStyle>(
      command, "--progress", o.progress,
      {{"auto", ProgressStyle::kAuto}, {"plain", ProgressStyle::kPlain}, {"none", ProgressStyle::kNone}},
      "one rewritten line on a terminal (auto), plain lines, or nothing, the table included [auto]");
}

int run_tune(const TuneOptions& options, const std::vector<std::string>& arguments) {
  check(options);
  const Study study = read_study(options.study, options.search, options.trials);
  if (options.place == TunePlace::kProcesses) {
    TrialProcesses place(options.workers, true);
    return run_on(place, study, options, arguments);
  }
  if (options.place == TunePlace::kThreads) {
    check_for_threads(study);
    TrialThreads place(options.workers);
    return run_on(place, study, options, arguments);
  }
  if (launched_ranks() == 0) start_under_mpirun(options.workers, arguments);
  MpiSession session;
  if (session.rank() > 0) {
    serve_trials(session);
    return 0;
  }
  try {
    TrialRanks place(session);
    return run_on(place, study, options, arguments);
  } catch (const std::exception& error) {
    // Here, because the session ends the whole job, this process included, when the exception leaves.
    fmt::print(stderr, "prl: {}\n", error.what());
    throw;
  }
}

}  // namespace prl
