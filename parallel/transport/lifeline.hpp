// A connection that says one thing: whether the process at its other end still lives. The kernel closes the sockets of a
// process that dies, however it does, so the other end sees it within milliseconds, on whatever host it is. MPI tells
// nobody of a death, and messages to and from the dead never end.
//
// TCP over IPv4. Whoever calls shows the listener's token; what does not is hung up on.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace prl {

// An open socket, closed with its owner.
class Socket {
 public:
  explicit Socket(int descriptor = -1) : descriptor_(descriptor) {}
  ~Socket();
  Socket(Socket&& other) noexcept : descriptor_(other.release()) {}
  Socket& operator=(Socket&& other) noexcept;

  int get() const { return descriptor_; }
  bool is_open() const { return descriptor_ >= 0; }

 private:
  int release();

  int descriptor_;
};

// Who calls: which place the process takes, the how many-th in it, and its number on its host.
struct LifelineCaller {
  std::uint32_t place = 0;
  std::uint32_t start = 0;
  std::uint32_t process = 0;
};

// The end of the one that is called.
class Lifeline {
 public:
  Lifeline(Socket socket, const LifelineCaller& caller) : socket_(std::move(socket)), caller_(caller) {}

  const LifelineCaller& caller() const { return caller_; }
  // Whether the caller has died, or has let go. Costs a system call.
  bool broken() const;
  // The caller is to stop soon; destroying the line tells it to leave at once.
  void tell_to_stop() const;

 private:
  Socket socket_;
  LifelineCaller caller_;
};

class LifelineListener {
 public:
  // Throws std::runtime_error where no socket can be had.
  LifelineListener();

  // What a caller has to know: "PORT-TOKEN@ADDRESS,ADDRESS...", this host's addresses, its loopback first.
  const std::string& address() const { return address_; }

  // Somebody who has called with the token since; never waits.
  std::optional<Lifeline> accept();

 private:
  Socket socket_;
  std::string token_;
  std::string address_;
  std::vector<Socket> silent_;  // have connected and said nothing yet
};

// The caller's end, for the rest of the process's life: the process leaves at once when the other end breaks.
class LifelineCall {
 public:
  // Throws std::invalid_argument where `address` is none, std::runtime_error where nobody answers there.
  LifelineCall(std::string_view address, const LifelineCaller& caller);

  // Set when the other end says that this one is to stop soon.
  const std::atomic<bool>& told_to_stop() const { return state_->told_to_stop; }
  // From here on a break is no more than the end of the run: the process has a few seconds to leave by itself.
  void expect_end() { state_->end_expected.store(true); }
  // Whether the other end is on this host.
  bool local() const { return local_; }

 private:
  struct State {
    Socket socket;
    std::atomic<bool> told_to_stop{false};
    std::atomic<bool> end_expected{false};
  };
  static void watch(State& state);

  std::shared_ptr<State> state_ = std::make_shared<State>();  // also of the thread that watches
  bool local_ = false;
};

}  // namespace prl
