#include "benchmarks/isolated_rounds.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <stdexcept>

#include "parallel/transport/shared_region.hpp"

namespace prl {
namespace {

constexpr std::size_t kMessageBytes = 512;

int wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

}  // namespace

void measure_in_child(std::size_t rounds, const std::function<void(RoundMeasurements&)>& measure,
                      const std::function<void(const RoundMeasurements&)>& take) {
  SharedRegion region("measurements", SharedRegion::bytes_for<double>(rounds) + SharedRegion::bytes_for<double>(1) +
                                          SharedRegion::bytes_for<char>(kMessageBytes));
  RoundMeasurements measurements{region.carve<double>(rounds), 0.0};
  double& share = region.make<double>(0.0);
  const std::span<char> message = region.carve<char>(kMessageBytes);
  std::fflush(nullptr);
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error(std::string("a process cannot be forked: ") + std::strerror(errno));
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);
    try {
      measure(measurements);
      share = measurements.communication_share;
    } catch (const std::exception& error) {
      std::strncpy(message.data(), error.what(), kMessageBytes - 1);
    }
    ::_exit(message[0] == '\0' ? 0 : 1);
  }
  if (wait_for(child) != 0) {
    throw std::runtime_error(message[0] != '\0' ? message.data() : "the measuring process was ended by a signal");
  }
  measurements.communication_share = share;
  take(measurements);
}

}  // namespace prl
