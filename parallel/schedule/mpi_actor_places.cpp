#include "parallel/schedule/mpi_actor_places.hpp"

#include <string>
#include <utility>

#include "parallel/transport/nursery.hpp"
#include "parallel/transport/worker_died.hpp"

namespace prl {
namespace {

constexpr double kSecondsBetweenLooks = 0.001;
constexpr double kMostEndingSeconds = 3.0;
constexpr int kMostVainStarts = 3;

// As workers beside a learner are numbered everywhere.
std::string name_of_worker(int actor) { return "worker " + std::to_string(actor + 1); }

}  // namespace

MpiActorPlaces::MpiActorPlaces(const CollectionPlan& plan, std::unique_ptr<MpiSpawner> spawner, MpiSession& session,
                               ParameterVersions& versions, TrajectoryQueues& queues)
    : plan_(plan),
      session_(session),
      versions_(versions),
      queues_(queues),
      spawner_(std::move(spawner)),
      places_(static_cast<std::size_t>(plan.workers)) {
  for (int actor = 0; actor < plan_.workers; ++actor) spawner_->start(static_cast<std::uint32_t>(actor), 0);
}

bool MpiActorPlaces::tend(Links& links, bool ending) {
  const double now_seconds = monotonic_seconds();
  if (ending && !ending_seconds_) {
    ending_seconds_ = now_seconds;
    spawner_->forget_asked();
    for (const Place& place : places_) {
      if (place.line) place.line->tell_to_stop();
    }
  }
  if (now_seconds - looked_seconds_ < kSecondsBetweenLooks) return false;
  looked_seconds_ = now_seconds;
  bool changed = false;
  if (auto outcome = spawner_->look()) {
    take_in(links, std::move(*outcome));
    changed = true;
  }
  for (int actor = 0; actor < plan_.workers; ++actor) {
    const std::optional<Lifeline>& line = places_[static_cast<std::size_t>(actor)].line;
    if (!line || !line->broken()) continue;
    bury(actor, links[static_cast<std::size_t>(actor)]);
    changed = true;
  }
  return changed;
}

void MpiActorPlaces::take_in(Links& links, MpiSpawner::Outcome outcome) {
  const auto actor = static_cast<int>(outcome.asked.place);
  Place& place = places_[outcome.asked.place];
  if (!outcome.line) {
    ended_.fetch_add(1);
    ++place.fruitless;
    ++vain_starts_;
    return fill_again(actor, name_of_worker(actor) + " could not be started: " + outcome.error);
  }
  vain_starts_ = 0;
  place.line = std::move(outcome.line);
  if (ending_seconds_) place.line->tell_to_stop();
  links[outcome.asked.place] = std::make_unique<MpiActorLink>(
      plan_, actor, MpiPeer{outcome.communicator, 0}, LinkBuffers::kOwn, outcome.asked.start > 0, versions_, queues_);
  if (outcome.asked.start > 0) replaced_.fetch_add(1);
}

void MpiActorPlaces::bury(int actor, std::unique_ptr<MpiActorLink>& link) {
  Place& place = places_[static_cast<std::size_t>(actor)];
  const std::uint32_t process = place.line->caller().process;
  place.line.reset();
  // What it had sent may be there already.
  link->take_messages();
  const bool left = link->ended();
  if (link->acting()) lost_.fetch_add(1);
  place.fruitless = link->finished() > 0 ? 0 : place.fruitless + 1;
  session_.keep(std::shared_ptr<MpiActorLink>(std::move(link)));
  if (left) return;
  ended_.fetch_add(1);
  fill_again(actor, name_of_worker(actor) + " (process " + std::to_string(process) + ") has died");
}

void MpiActorPlaces::fill_again(int actor, const std::string& what) {
  if (ending_seconds_) return;
  Place& place = places_[static_cast<std::size_t>(actor)];
  if (place.fruitless < kMostFruitlessStarts && vain_starts_ < kMostVainStarts) {
    write_line("prl: " + what + "; another takes its place");
    return spawner_->start(static_cast<std::uint32_t>(actor), ++place.starts);
  }
  place.given_up = true;
  const std::string given_up =
      what + (vain_starts_ < kMostVainStarts ? ", like those in its place before, and had finished nothing"
                                             : ", and MPI starts no other");
  int left = 0;
  for (const Place& other : places_) left += other.given_up ? 0 : 1;
  if (left == 0) throw WorkerDied(given_up + "; no other worker is left: see what they said, and run again");
  write_line("prl: " + given_up + "; the run goes on with " + std::to_string(left) + " of " +
             std::to_string(plan_.workers) + " workers");
}

bool MpiActorPlaces::starting() const {
  return spawner_->busy() && !(ending_seconds_ && monotonic_seconds() - *ending_seconds_ > kMostEndingSeconds);
}

FaultCounts MpiActorPlaces::counts() const {
  FaultCounts counts;
  counts.ended = ended_.load();
  counts.replaced = replaced_.load();
  counts.segments_begun = begun_.load();
  counts.segments_lost = lost_.load();
  return counts;
}

}  // namespace prl
