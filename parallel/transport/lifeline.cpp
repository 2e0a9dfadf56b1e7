#include "parallel/transport/lifeline.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <stdexcept>
#include <thread>
#include <utility>

namespace prl {
namespace {

constexpr int kAnswerMilliseconds = 2000;
constexpr auto kTimeToLeave = std::chrono::seconds(3);
constexpr char kWelcome = 'w';
constexpr char kStop = 's';
constexpr std::size_t kTokenBytes = 16;  // as hexadecimal digits

struct Greeting {
  std::array<char, kTokenBytes> token;
  LifelineCaller caller;
};

[[noreturn]] void fail(const char* action) {
  throw std::runtime_error(std::string("a connection that tells of a worker's death could not ") + action + ": " +
                           std::strerror(errno) + "; run again, or leave --spawn-actors away");
}

std::string random_token() {
  std::array<unsigned char, kTokenBytes / 2> bytes{};
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) fail("draw a token");
  constexpr char kDigits[] = "0123456789abcdef";
  std::string token;
  for (const unsigned char byte : bytes) {
    token += kDigits[byte >> 4];
    token += kDigits[byte & 15];
  }
  return token;
}

// The addresses of the interfaces that are up, the loopback's first.
std::string own_addresses() {
  std::string list = "127.0.0.1";
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0) return list;
  for (const ifaddrs* i = first; i != nullptr; i = i->ifa_next) {
    if (i->ifa_addr == nullptr || i->ifa_addr->sa_family != AF_INET) continue;
    if ((i->ifa_flags & IFF_UP) == 0 || (i->ifa_flags & IFF_LOOPBACK) != 0) continue;
    sockaddr_in address{};
    std::memcpy(&address, i->ifa_addr, sizeof(address));
    char text[INET_ADDRSTRLEN] = "";
    if (inet_ntop(AF_INET, &address.sin_addr, text, sizeof(text)) != nullptr) list += std::string(",") + text;
  }
  freeifaddrs(first);
  return list;
}

// Also where the next call is going to fail.
bool ready(int descriptor, short events, int milliseconds) {
  pollfd poller{descriptor, events, 0};
  return poll(&poller, 1, milliseconds) == 1;
}

// A connection that answers to the greeting; closed if there is none.
Socket call(const std::string& host, std::uint16_t port, const Greeting& greeting) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if (inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) return Socket();
  Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.is_open()) return Socket();
  const int descriptor = socket.get();
  if (connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 && errno != EINPROGRESS) {
    return Socket();
  }
  if (!ready(descriptor, POLLOUT, kAnswerMilliseconds)) return Socket();
  if (send(descriptor, &greeting, sizeof(greeting), MSG_NOSIGNAL) != sizeof(greeting)) return Socket();
  char answer = 0;
  if (!ready(descriptor, POLLIN, kAnswerMilliseconds) || recv(descriptor, &answer, 1, 0) != 1) return Socket();
  return answer == kWelcome ? std::move(socket) : Socket();
}

}  // namespace

Socket::~Socket() {
  if (descriptor_ >= 0) close(descriptor_);
}

Socket& Socket::operator=(Socket&& other) noexcept {
  if (this == &other) return *this;
  if (descriptor_ >= 0) close(descriptor_);
  descriptor_ = other.release();
  return *this;
}

int Socket::release() { return std::exchange(descriptor_, -1); }

bool Lifeline::broken() const {
  char byte = 0;
  const ssize_t got = recv(socket_.get(), &byte, 1, MSG_DONTWAIT | MSG_PEEK);
  return got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

void Lifeline::tell_to_stop() const { send(socket_.get(), &kStop, 1, MSG_NOSIGNAL | MSG_DONTWAIT); }

LifelineListener::LifelineListener()
    : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)), token_(random_token()) {
  if (!socket_.is_open()) fail("be made");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_ANY);
  socklen_t length = sizeof(address);
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  if (bind(socket_.get(), any, length) != 0 || listen(socket_.get(), SOMAXCONN) != 0) fail("listen");
  if (getsockname(socket_.get(), any, &length) != 0) fail("tell its port");
  address_ = std::to_string(ntohs(address.sin_port)) + "-" + token_ + "@" + own_addresses();
}

std::optional<Lifeline> LifelineListener::accept() {
  while (true) {
    Socket caller(accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!caller.is_open()) break;
    silent_.push_back(std::move(caller));
  }
  for (std::size_t i = 0; i < silent_.size();) {
    Greeting greeting{};
    const ssize_t got = recv(silent_[i].get(), &greeting, sizeof(greeting), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      ++i;
      continue;
    }
    Socket socket = std::move(silent_[i]);
    silent_.erase(silent_.begin() + static_cast<std::ptrdiff_t>(i));
    const bool known = got == sizeof(greeting) && std::memcmp(greeting.token.data(), token_.data(), kTokenBytes) == 0;
    if (known && send(socket.get(), &kWelcome, 1, MSG_NOSIGNAL) == 1)
      return Lifeline(std::move(socket), greeting.caller);
  }
  return std::nullopt;
}

LifelineCall::LifelineCall(std::string_view address, const LifelineCaller& caller) {
  std::uint16_t port = 0;
  const std::size_t hosts = address.find('@');
  const auto [end, error] = std::from_chars(address.data(), address.data() + address.size(), port);
  const auto digits = static_cast<std::size_t>(end - address.data());
  if (error != std::errc{} || hosts != digits + 1 + kTokenBytes || address[digits] != '-') {
    throw std::invalid_argument("'" + std::string(address) + "' is no address of a learner: only a run gives one");
  }
  Greeting greeting{{}, caller};
  address.copy(greeting.token.data(), kTokenBytes, digits + 1);
  for (std::size_t begin = hosts + 1; begin < address.size() && !state_->socket.is_open();) {
    const std::size_t comma = std::min(address.find(',', begin), address.size());
    const std::string host(address.substr(begin, comma - begin));
    state_->socket = call(host, port, greeting);
    local_ = host == "127.0.0.1";
    begin = comma + 1;
  }
  if (!state_->socket.is_open()) {
    throw std::runtime_error("the learner at " + std::string(address.substr(hosts + 1)) +
                             " does not answer: it has ended, or a firewall keeps its port from this host");
  }
  std::thread([state = state_] { watch(*state); }).detach();
}

void LifelineCall::watch(State& state) {
  char byte = 0;
  ssize_t got = 1;
  while (got > 0 || errno == EAGAIN || errno == EINTR) {
    if (!ready(state.socket.get(), POLLIN, -1)) continue;
    got = recv(state.socket.get(), &byte, 1, 0);
    if (got == 0) break;
    if (got > 0) state.told_to_stop.store(true);
  }
  const bool expected = state.end_expected.load();
  if (expected) std::this_thread::sleep_for(kTimeToLeave);
  _exit(expected ? 0 : 1);
}

}  // namespace prl
