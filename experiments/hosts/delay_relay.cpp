// A link with delay between two network namespaces: packets that enter one TUN device leave the other a set time later.
//
//   delay_relay --peer-namespace /proc/PID/ns/net --delay-us 1000 --near hosta --far hostb
//
// The device `near` is made in the caller's namespace, `far` in the peer's. Stands in for the kernel's netem, which not
// every kernel has. Packets keep their order, none is dropped here: what is to come stays in the device's queue. Says
// 'ready' on standard output once both devices are there, and runs until it is killed; the devices go with it.
//
// What it adds to the delay is a wake-up and two copies, some 50 us; the link is measured, not believed (link.py).
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <deque>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kLongestPacketBytes = 65536;
constexpr std::size_t kMostPackets = 8192;  // under way in one direction
constexpr int kBurst = 64;                  // packets taken in before those that are due go out

struct Packet {
  Clock::time_point due;
  std::vector<char> bytes;
};

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

int open_tun(const std::string& name) {
  const int device = ::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (device < 0) fail("cannot open /dev/net/tun");
  ifreq request{};
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  name.copy(request.ifr_name, IFNAMSIZ - 1);
  if (::ioctl(device, TUNSETIFF, &request) < 0) fail("cannot make a TUN device");
  return device;
}

void enter_namespace(const std::string& path) {
  const int space = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (space < 0 || ::setns(space, CLONE_NEWNET) < 0) fail("cannot enter the peer's network namespace");
  ::close(space);
}

class Direction {
 public:
  Direction(int from, int to, Clock::duration delay) : from_(from), to_(to), delay_(delay) {}

  bool has_room() const { return under_way_.size() < kMostPackets; }

  void take_in() {
    for (int i = 0; i < kBurst && has_room(); ++i) {
      const ssize_t length = ::read(from_, buffer_.data(), buffer_.size());
      if (length < 0 && (errno == EAGAIN || errno == EINTR)) return;
      if (length < 0) fail("cannot read a packet");
      under_way_.push_back({Clock::now() + delay_, {buffer_.begin(), buffer_.begin() + length}});
    }
  }

  void pass_on() {
    while (!under_way_.empty() && under_way_.front().due <= Clock::now()) {
      const std::vector<char>& bytes = under_way_.front().bytes;
      // A refusal (the device is down) loses the packet, as on any link.
      if (::write(to_, bytes.data(), bytes.size()) < 0 && errno == EAGAIN) return;
      under_way_.pop_front();
    }
  }

  std::optional<Clock::time_point> next_due() const {
    return under_way_.empty() ? std::nullopt : std::optional(under_way_.front().due);
  }

 private:
  int from_;
  int to_;
  Clock::duration delay_;
  std::array<char, kLongestPacketBytes> buffer_{};
  std::deque<Packet> under_way_;
};

timespec until(Clock::time_point due) {
  const auto left = std::max(std::chrono::nanoseconds(due - Clock::now()), std::chrono::nanoseconds(0));
  return {static_cast<time_t>(left.count() / 1'000'000'000), static_cast<long>(left.count() % 1'000'000'000)};
}

[[noreturn]] void relay(int near, int far, Clock::duration delay) {
  std::array<Direction, 2> directions{Direction(near, far, delay), Direction(far, near, delay)};
  std::array<pollfd, 2> inputs{{{near, POLLIN, 0}, {far, POLLIN, 0}}};
  while (true) {
    std::optional<Clock::time_point> due;
    for (std::size_t i = 0; i < 2; ++i) {
      inputs[i].events = directions[i].has_room() ? POLLIN : 0;
      const auto next = directions[i].next_due();
      if (next && (!due || *next < *due)) due = next;
    }
    const timespec left = due ? until(*due) : timespec{};
    if (::ppoll(inputs.data(), inputs.size(), due ? &left : nullptr, nullptr) < 0 && errno != EINTR)
      fail("cannot wait");
    for (Direction& direction : directions) {
      direction.take_in();
      direction.pass_on();
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::string peer;
  std::string near_name = "hosta";
  std::string far_name = "hostb";
  long delay_us = 0;
  CLI::App app("Relays packets between two network namespaces after a delay.");
  app.add_option("--peer-namespace", peer, "the other namespace, /proc/PID/ns/net")->required();
  app.add_option("--delay-us", delay_us, "microseconds, one way")->required()->check(CLI::Range(0L, 10'000'000L));
  app.add_option("--near", near_name, "TUN device made here");
  app.add_option("--far", far_name, "TUN device made in the other namespace");
  CLI11_PARSE(app, argc, argv);
  try {
    ::prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
    const int near = open_tun(near_name);
    enter_namespace(peer);
    const int far = open_tun(far_name);
    std::puts("ready");
    std::fflush(stdout);
    relay(near, far, std::chrono::microseconds(delay_us));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "delay_relay: %s\n", error.what());
    return 1;
  }
}
