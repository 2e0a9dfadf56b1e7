#include "runner/interrupt.hpp"

#include <signal.h>
#include <unistd.h>

namespace prl {
namespace {

static_assert(std::atomic<bool>::is_always_lock_free, "the signal handler may only touch lock-free atomics");

void on_signal(int signal) {
  // mpirun turns a Ctrl-C into SIGTERM for its ranks, some of which have seen the SIGINT already.
  if (stop_requested().exchange(true) && signal == SIGINT) ::_exit(130);
}

}  // namespace

std::atomic<bool>& stop_requested() {
  static std::atomic<bool> stop{false};
  return stop;
}

void handle_interrupts() {
  stop_requested();  // Constructed before a handler can run.
  struct sigaction action {};
  action.sa_handler = on_signal;
  ::sigemptyset(&action.sa_mask);
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  // A closed pipe or a file over the size limit is an error of that write, reported where it happens.
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignore, nullptr);
  ::sigaction(SIGXFSZ, &ignore, nullptr);
}

}  // namespace prl
