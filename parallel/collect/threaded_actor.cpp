#include "parallel/collect/threaded_actor.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

#include "core/step_cost.hpp"
#include "parallel/collect/collector.hpp"

namespace prl {
namespace {

int checked(int threads, int count) {
  if (threads < 1 || threads > count) {
    throw std::invalid_argument(std::to_string(threads) + " threads cannot share a worker's " + std::to_string(count) +
                                " environments: use 1 to " + std::to_string(count) + " threads or more environments");
  }
  return threads;
}

}  // namespace

ThreadedActor::ThreadedActor(const ActorFactory& make_actor, int first, int count, int threads, int waiters)
    : parts_(static_cast<std::size_t>(checked(threads, count))), gate_(threads - 1), waiter_(waiter_for(waiters)) {
  for (int thread = 0; thread < threads; ++thread) {
    Part& part = parts_[static_cast<std::size_t>(thread)];
    const EnvironmentRange range = environments_of(thread, threads, count);
    part.offset = range.first;
    part.count = range.count;
    part.actor = make_actor(first + range.first, range.count);
  }
  try {
    for (std::size_t thread = 1; thread < parts_.size(); ++thread) {
      threads_.emplace_back([this, thread] { serve(parts_[thread]); });
    }
  } catch (...) {
    end();
    throw;
  }
}

ThreadedActor::~ThreadedActor() { end(); }

void ThreadedActor::end() {
  end_.store(true);
  gate_.start();
  for (std::thread& thread : threads_) thread.join();
}

void ThreadedActor::serve(Part& part) {
  request_precise_sleep();
  for (std::uint32_t turn = 0;;) {
    turn = gate_.await_turn(turn, waiter_);
    if (end_.load()) return;
    collect_part(part);
    gate_.report();
  }
}

void ThreadedActor::collect_part(Part& part) const {
  const SegmentView own = round_.out->part(round_.out->first() + part.offset, part.count);
  part.complete = part.actor->collect(round_.parameters, own, *round_.stop);
}

bool ThreadedActor::collect(const float* parameters, const SegmentView& out, const std::atomic<bool>& stop) {
  round_ = {parameters, &out, &stop};
  gate_.start();
  collect_part(parts_[0]);
  gate_.await_followers(waiter_);
  return std::all_of(parts_.begin(), parts_.end(), [](const Part& part) { return part.complete; });
}

void ThreadedActor::cut_early(const EarlyCut& cut) {
  for (Part& part : parts_) part.actor->cut_early(cut);
}

void ThreadedActor::charge_step_cost(bool charge) {
  for (Part& part : parts_) part.actor->charge_step_cost(charge);
}

void ThreadedActor::start_anew(std::uint64_t step) {
  for (Part& part : parts_) part.actor->start_anew(step);
}

ActorFactory with_threads(ActorFactory make_actor, int threads, int workers) {
  if (threads == 1) return make_actor;
  return [make_actor = std::move(make_actor), threads, workers](int first, int count) -> std::unique_ptr<Actor> {
    return std::make_unique<ThreadedActor>(make_actor, first, count, threads, threads * workers);
  };
}

}  // namespace prl
