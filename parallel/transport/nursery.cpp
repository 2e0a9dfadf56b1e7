#include "parallel/transport/nursery.hpp"

#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "parallel/transport/worker_died.hpp"

namespace prl {

Nursery::Nursery(int members, const ProcessGroup::MemberMain& member_main, std::function<void()> tell_to_stop,
                 const Recover& recover)
    : region_("the nursery of workers", SharedRegion::bytes_for<Words>(1) + SharedRegion::bytes_for<std::atomic<pid_t>>(
                                                                                static_cast<std::size_t>(members))),
      words_(region_.make<Words>()),
      processes_(region_.carve<std::atomic<pid_t>>(static_cast<std::size_t>(members))) {
  if (members < 2) return;
  keeper_ = std::make_unique<ProcessGroup>(
      2, [&](int) { nurse(members, member_main, recover); },
      [this, tell_to_stop = std::move(tell_to_stop)] {
        tell_to_stop();
        words_.stopping.store(true);
        words_.changed.ring();
      });
  const auto settled = [this] { return words_.started.load() || words_.failed.load(); };
  words_.changed.wait(settled, Waiter{0.0, [this, &settled] {
                                        if (!settled()) check();
                                      }});
  if (words_.failed.load()) throw std::runtime_error(words_.error.data());
}

Nursery::~Nursery() = default;

void Nursery::check() {
  if (words_.failed.load()) throw WorkerDied(words_.error.data());
  if (keeper_ == nullptr) return;
  if (const auto end = keeper_->reap_one()) {
    throw WorkerDied("the process that starts workers (" + std::to_string(end->process) + ") " + end->how() + "; " +
                     end->advice());
  }
}

FaultCounts Nursery::counts() const {
  FaultCounts counts;
  counts.ended = words_.ended.load();
  counts.replaced = words_.replaced.load();
  return counts;
}

void Nursery::nurse(int members, const ProcessGroup::MemberMain& member_main, const Recover& recover) {
  std::array<char, 16> name{};
  prctl(PR_GET_NAME, name.data());
  prctl(PR_SET_NAME, "prl-nursery");
  const auto serve = [&](int member) {
    prctl(PR_SET_NAME, name.data());
    processes_[static_cast<std::size_t>(member)].store(getpid());
    member_main(member);
  };
  try {
    ProcessGroup group(members, serve, [] {});
    words_.started.store(true);
    words_.changed.ring();
    replace_until_all_have_left(group, recover);
    words_.changed.wait([this] { return words_.stopping.load(); }, Waiter{});
  } catch (const std::exception& error) {
    fail(error.what());
  }
}

void Nursery::replace_until_all_have_left(ProcessGroup& members, const Recover& recover) {
  std::vector<int> fruitless(static_cast<std::size_t>(members.size()), 0);
  while (const auto end = members.await_end()) {
    if (end->returned()) continue;
    words_.ended.fetch_add(1);
    int& starts = fruitless[static_cast<std::size_t>(end->member)];
    starts = recover(end->member) ? 0 : starts + 1;
    if (words_.stopping.load()) continue;
    if (starts == kMostFruitlessStarts) {
      return fail(end->text() + ", like the " + std::to_string(starts - 1) +
                  " in its place before, and had finished nothing; " + end->advice());
    }
    members.restart(end->member);
    words_.replaced.fetch_add(1);
    write_line("prl: " + end->text() + "; another takes its place");
  }
}

void Nursery::fail(const std::string& error) {
  const std::size_t length = std::min(error.size(), words_.error.size() - 1);
  std::copy_n(error.begin(), length, words_.error.begin());
  words_.failed.store(true);
  words_.changed.ring();
}

}  // namespace prl
