// Lifelines: a death at either end is seen at the other, strangers are hung up on, and what is no address is refused.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <string>
#include <thread>

#include "parallel/transport/lifeline.hpp"
#include "tests/catch2.hpp"

using namespace prl;

namespace {

constexpr LifelineCaller kCaller{2, 7, 4711};

template <typename Condition>
bool comes_true(const Condition& condition) {
  for (int look = 0; look < 2000; ++look) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return false;
}

// A process that calls, and then does as `then` says; the line to it.
template <typename Then>
pid_t start_caller(LifelineListener& listener, std::optional<Lifeline>& line, const Then& then) {
  const pid_t caller = fork();
  if (caller == 0) {
    LifelineCall call(listener.address(), kCaller);
    then(call);
    _exit(42);
  }
  REQUIRE(comes_true([&] { return (line = listener.accept()).has_value(); }));
  return caller;
}

int exit_status_of(pid_t process) {
  int status = 0;
  REQUIRE(waitpid(process, &status, 0) == process);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

void sleep_for_good(LifelineCall&) { std::this_thread::sleep_for(std::chrono::minutes(1)); }

}  // namespace

TEST_CASE("a killed caller breaks its line, and says before who it is") {
  LifelineListener listener;
  std::optional<Lifeline> line;
  const pid_t caller = start_caller(listener, line, sleep_for_good);
  CHECK(line->caller().place == kCaller.place);
  CHECK(line->caller().start == kCaller.start);
  CHECK(line->caller().process == kCaller.process);
  CHECK_FALSE(line->broken());
  kill(caller, SIGKILL);
  CHECK(comes_true([&] { return line->broken(); }));
  CHECK(exit_status_of(caller) == -SIGKILL);
}

TEST_CASE("a caller leaves at once when the other end is gone") {
  LifelineListener listener;
  std::optional<Lifeline> line;
  const pid_t caller = start_caller(listener, line, sleep_for_good);
  line.reset();
  CHECK(exit_status_of(caller) == 1);
}

TEST_CASE("a caller that expects the end has the time to leave by itself") {
  LifelineListener listener;
  std::optional<Lifeline> line;
  const pid_t caller = start_caller(listener, line, [](LifelineCall& call) {
    call.expect_end();
    while (!call.told_to_stop()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  });
  line->tell_to_stop();
  line.reset();
  CHECK(exit_status_of(caller) == 42);
}

TEST_CASE("whoever does not know the token is hung up on") {
  LifelineListener listener;
  std::string address = listener.address();
  const std::size_t token = address.find('-') + 1;
  address[token] = address[token] == '0' ? '1' : '0';
  const pid_t stranger = fork();
  if (stranger == 0) {
    try {
      LifelineCall call(address, kCaller);
    } catch (const std::runtime_error&) {
      _exit(3);
    }
    _exit(0);
  }
  int status = 0;
  bool let_in = false;
  CHECK(comes_true([&] {
    let_in = let_in || listener.accept().has_value();
    return waitpid(stranger, &status, WNOHANG) == stranger;
  }));
  CHECK_FALSE(let_in);
  CHECK(WEXITSTATUS(status) == 3);
}

TEST_CASE("what is no address is refused") {
  for (const char* const text :
       {"", "80", "80-short@127.0.0.1", "x-0123456789abcdef@127.0.0.1", "80-0123456789abcdef"}) {
    CHECK_THROWS_AS(LifelineCall(text, kCaller), std::invalid_argument);
  }
}
