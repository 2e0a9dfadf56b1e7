#include "parallel/transport/shared_region.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <limits>
#include <sstream>
#include <stdexcept>
#include <string>

namespace prl {
namespace {

[[noreturn]] void fail(std::string_view purpose, std::size_t bytes, const std::string& reason) {
  throw std::runtime_error("no shared memory of " + std::to_string(bytes) + " bytes for " + std::string(purpose) +
                           ": " + reason + "; use fewer environments, steps or workers, or free memory");
}

// MemAvailable of /proc/meminfo; the largest number there is where it cannot be read.
std::size_t available_bytes() {
  std::ifstream file("/proc/meminfo");
  std::string key;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::size_t kibibytes = 0;
    if (words >> key >> kibibytes && key == "MemAvailable:") return kibibytes * 1024;
  }
  return std::numeric_limits<std::size_t>::max();
}

}  // namespace

SharedRegion::SharedRegion(std::string_view purpose, std::size_t bytes) : size_bytes_(bytes > 0 ? bytes : 1) {
  // Looked at first: asked for more than it has, the kernel ends processes, not only this one, before it says no.
  const std::size_t available = available_bytes();
  if (size_bytes_ > available) fail(purpose, size_bytes_, std::to_string(available) + " bytes are available");
  const int file = memfd_create("prl", MFD_CLOEXEC);
  if (file < 0) fail(purpose, size_bytes_, std::strerror(errno));
  // Reserving the pages now turns a lack of memory into an error here instead of a bus error at first use.
  const int reserved = posix_fallocate(file, 0, static_cast<off_t>(size_bytes_));
  void* start = reserved == 0 ? mmap(nullptr, size_bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0) : MAP_FAILED;
  const int error = reserved == 0 ? errno : reserved;
  close(file);
  if (start == MAP_FAILED) fail(purpose, size_bytes_, std::strerror(error));
  start_ = static_cast<std::byte*>(start);
}

SharedRegion::~SharedRegion() { munmap(start_, size_bytes_); }

void* SharedRegion::take(std::size_t bytes) {
  if (bytes > size_bytes_ - used_bytes_) throw std::length_error("a shared region was carved beyond its size");
  void* place = start_ + used_bytes_;
  used_bytes_ += bytes;
  return place;
}

}  // namespace prl
