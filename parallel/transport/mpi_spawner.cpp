#include "parallel/transport/mpi_spawner.hpp"

#include <atomic>
#include <charconv>
#include <cstdlib>
#include <stdexcept>
#include <thread>
#include <utility>

#include "parallel/transport/communication.hpp"
#include "parallel/transport/mpi_error.hpp"

namespace prl {
namespace {

// A start takes a third of a second where a core is free.
constexpr const char* kStartSeconds = "8";
// The time to call on the lifeline, for one that MPI has started.
constexpr double kMostSilentSeconds = 20.0;

}  // namespace

void limit_mpi_start() { setenv("OMPI_MCA_pmix_base_exchange_timeout", kStartSeconds, 0); }

struct MpiSpawner::Attempt {
  LifelineCaller asked;
  double begin_seconds = 0.0;
  std::vector<std::string> command;
  std::atomic<bool> returned{false};
  MPI_Comm communicator = MPI_COMM_NULL;  // once returned
  std::string error;

  void call() {
    std::vector<char*> words;
    for (std::string& word : command) words.push_back(word.data());
    words.push_back(nullptr);
    int code = MPI_SUCCESS;
    try {
      const int spawned =
          MPI_Comm_spawn(words.front(), words.data() + 1, 1, MPI_INFO_NULL, 0, MPI_COMM_SELF, &communicator, &code);
      if (spawned != MPI_SUCCESS) throw std::runtime_error("MPI_Comm_spawn failed");
      check_mpi(MPI_Comm_set_errhandler(communicator, MPI_ERRORS_RETURN), "set an error handler");
    } catch (const std::runtime_error& failure) {
      error = failure.what();
    }
    returned.store(true);
  }
};

SpawnedPlace parse_spawned_place(const std::string& text) {
  SpawnedPlace place;
  const std::size_t first = text.find('/');
  const std::size_t second = text.find('/', first + 1);
  const auto number = [&text](std::size_t begin, std::size_t end, std::uint32_t& value) {
    const auto [last, error] = std::from_chars(text.data() + begin, text.data() + end, value);
    return error == std::errc{} && last == text.data() + end;
  };
  if (first == std::string::npos || second == std::string::npos || !number(first + 1, second, place.caller.place) ||
      !number(second + 1, text.size(), place.caller.start)) {
    throw std::invalid_argument("'" + text + "' is no place of a started rank: only a run gives one");
  }
  place.address = text.substr(0, first);
  return place;
}

MpiSpawner::MpiSpawner(std::vector<std::string> command, std::string place_word)
    : command_(std::move(command)), place_word_(std::move(place_word)) {
  int level = MPI_THREAD_SINGLE;
  check_mpi(MPI_Query_thread(&level), "tell what threads may do");
  if (level < MPI_THREAD_MULTIPLE) {
    throw std::runtime_error(
        "this MPI library lets no two threads call it at once, which starting actors beside their learner takes: use "
        "one built with MPI_THREAD_MULTIPLE, or leave --spawn-actors away");
  }
  check_mpi(MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN), "set an error handler");
}

MpiSpawner::~MpiSpawner() = default;

void MpiSpawner::start(std::uint32_t place, std::uint32_t start) { asked_.push_back({place, start, 0}); }

void MpiSpawner::begin() {
  attempt_ = std::make_shared<Attempt>();
  attempt_->asked = asked_.front();
  attempt_->begin_seconds = monotonic_seconds();
  attempt_->command = command_;
  const LifelineCaller& asked = attempt_->asked;
  for (std::string& word : attempt_->command) {
    if (word != place_word_) continue;
    word = listener_.address() + "/" + std::to_string(asked.place) + "/" + std::to_string(asked.start);
  }
  asked_.pop_front();
  std::thread([attempt = attempt_] { attempt->call(); }).detach();
}

MpiSpawner::Outcome MpiSpawner::end(const std::string& error) {
  Outcome outcome{attempt_->asked, MPI_COMM_NULL, std::nullopt, error};
  if (error.empty()) {
    outcome.communicator = attempt_->communicator;
    outcome.line = std::move(line_);
  }
  line_.reset();
  attempt_.reset();
  return outcome;
}

std::optional<MpiSpawner::Outcome> MpiSpawner::look() {
  if (attempt_ == nullptr) {
    if (asked_.empty()) return std::nullopt;
    begin();
  }
  while (auto line = listener_.accept()) {
    // One that has been left behind may call late: it is hung up on, and leaves.
    const LifelineCaller& caller = line->caller();
    if (caller.place == attempt_->asked.place && caller.start == attempt_->asked.start) line_ = std::move(line);
  }
  // Two calls at once are not tried: a lost one holds the next up.
  const bool silent = monotonic_seconds() - attempt_->begin_seconds > kMostSilentSeconds;
  if (!attempt_->returned.load()) {
    if (silent) return end("MPI_Comm_spawn does not return");
    return std::nullopt;
  }
  if (line_ && line_->broken()) return end("it died before it had joined");
  if (!attempt_->error.empty()) return end(attempt_->error);
  if (line_) return end("");
  if (silent) return end("it does not call its learner");
  return std::nullopt;
}

}  // namespace prl
