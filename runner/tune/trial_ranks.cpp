#include "runner/tune/trial_ranks.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

#include "parallel/transport/communication.hpp"
#include "parallel/transport/mpi_error.hpp"

namespace prl {
namespace {

enum TrialTag : int { kJobTag = 11, kEndTag = 12, kLeaveTag = 13 };

constexpr double kLookSeconds = 0.01;
// mpirun gives ranks a second to leave once it was interrupted.
constexpr double kPatienceSeconds = 0.4;

void pause() { std::this_thread::sleep_for(std::chrono::duration<double>(kLookSeconds)); }

void send_text(const MpiSession& session, int to, TrialTag tag, const std::string& text) {
  check_mpi(MPI_Send(text.data(), static_cast<int>(text.size()), MPI_BYTE, to, tag, session.communicator()),
            "send a trial");
}

struct Message {
  int from = 0;
  int tag = 0;
  std::string text;
};

// A message from `from`, or MPI_ANY_SOURCE, that has arrived.
std::optional<Message> arrived(const MpiSession& session, int from) {
  int there = 0;
  MPI_Status status;
  check_mpi(MPI_Iprobe(from, MPI_ANY_TAG, session.communicator(), &there, &status), "look for a trial");
  if (there == 0) return std::nullopt;
  int size = 0;
  check_mpi(MPI_Get_count(&status, MPI_BYTE, &size), "look for a trial");
  Message message{status.MPI_SOURCE, status.MPI_TAG, std::string(static_cast<std::size_t>(size), '\0')};
  check_mpi(MPI_Recv(message.text.data(), size, MPI_BYTE, message.from, message.tag, session.communicator(),
                     MPI_STATUS_IGNORE),
            "receive a trial");
  return message;
}

std::string as_text(const TrialJob& job) {
  std::string text = job.log.string() + '\0';
  for (const std::string& word : job.arguments) text += word + '\0';
  return text;
}

TrialJob job_from(const std::string& text) {
  std::vector<std::string> words;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\0', begin);
    words.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return {{words.begin() + 1, words.end()}, words.front()};
}

}  // namespace

TrialRanks::TrialRanks(MpiSession& session)
    : session_(session), own_(1, false, kPatienceSeconds), busy_(static_cast<std::size_t>(session.size())) {}

TrialRanks::~TrialRanks() {
  for (int rank = 1; rank < session_.size(); ++rank) {
    MPI_Send(nullptr, 0, MPI_BYTE, rank, kLeaveTag, session_.communicator());
  }
}

std::optional<int> TrialRanks::free_worker() const {
  if (own_.free_worker()) return 0;
  const auto rank = std::find(busy_.begin() + 1, busy_.end(), false);
  if (rank == busy_.end()) return std::nullopt;
  return static_cast<int>(rank - busy_.begin());
}

void TrialRanks::start(int worker, const TrialJob& job) {
  if (worker == 0) return own_.start(0, job);
  busy_[static_cast<std::size_t>(worker)] = true;
  send_text(session_, worker, kJobTag, as_text(job));
}

std::vector<TrialEnd> TrialRanks::await(double seconds) {
  const double deadline = monotonic_seconds() + seconds;
  while (true) {
    std::vector<TrialEnd> ends = own_.await(0.0);
    while (const std::optional<Message> message = arrived(session_, MPI_ANY_SOURCE)) {
      busy_[static_cast<std::size_t>(message->from)] = false;
      ends.push_back({message->from, message->text});
    }
    if (!ends.empty() || !some_run() || monotonic_seconds() >= deadline) return ends;
    pause();
  }
}

bool TrialRanks::some_run() const {
  return !own_.free_worker() || std::find(busy_.begin() + 1, busy_.end(), true) != busy_.end();
}

void TrialRanks::stop() {
  for (int rank = 1; rank < session_.size(); ++rank) {
    if (busy_[static_cast<std::size_t>(rank)]) send_text(session_, rank, kJobTag, "");
  }
  own_.stop();
  while (some_run()) await(kLookSeconds);
}

void serve_trials(MpiSession& session) {
  TrialProcesses own(1, false, kPatienceSeconds);
  bool busy = false;
  while (true) {
    if (const std::optional<Message> message = arrived(session, 0)) {
      if (message->tag == kLeaveTag) return;
      if (!message->text.empty()) {
        own.start(0, job_from(message->text));
        busy = true;
      } else if (busy) {
        own.stop();
        busy = false;
        send_text(session, 0, kEndTag, "it was stopped");
      }
    }
    for (const TrialEnd& end : own.await(busy ? kLookSeconds : 0.0)) {
      busy = false;
      send_text(session, 0, kEndTag, end.error);
    }
    if (!busy) pause();
  }
}

}  // namespace prl
