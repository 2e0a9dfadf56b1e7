#include "parallel/transport/usable_cores.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <limits>
#include <sstream>
#include <string>
#include <thread>

namespace prl {
namespace {

constexpr double kUnlimited = std::numeric_limits<double>::infinity();

std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// "QUOTA PERIOD" in microseconds; QUOTA is "max" (version 2) or -1 (version 1) where there is none.
double cores_of_quota(const std::string& text) {
  std::istringstream words(text);
  double quota = 0.0;
  double period = 0.0;
  if (!(words >> quota >> period) || quota <= 0.0 || period <= 0.0) return kUnlimited;
  return quota / period;
}

double cores_of_group(const std::filesystem::path& folder, bool version_2) {
  if (version_2) return cores_of_quota(read_text(folder / "cpu.max"));
  return cores_of_quota(read_text(folder / "cpu.cfs_quota_us") + " " + read_text(folder / "cpu.cfs_period_us"));
}

double smallest_to_root(const std::filesystem::path& mount, const std::string& group, bool version_2) {
  std::error_code ignored;
  std::filesystem::path folder = mount / std::filesystem::path(group).relative_path();
  if (!std::filesystem::exists(folder, ignored)) folder = mount;
  double cores = cores_of_group(mount, version_2);
  for (; folder != mount && folder.has_relative_path(); folder = folder.parent_path()) {
    cores = std::min(cores, cores_of_group(folder, version_2));
  }
  return cores;
}

bool names_cpu(const std::string& controllers) {
  std::istringstream words(controllers);
  for (std::string word; std::getline(words, word, ',');) {
    if (word == "cpu") return true;
  }
  return false;
}

cpu_set_t affinity_now() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  if (sched_getaffinity(0, sizeof(mask), &mask) != 0) CPU_ZERO(&mask);
  return mask;
}

int affinity_cores() {
  const int cores = CPU_COUNT(&process_affinity());
  return cores > 0 ? cores : static_cast<int>(std::thread::hardware_concurrency());
}

}  // namespace

const cpu_set_t& process_affinity() {
  static const cpu_set_t mask = affinity_now();
  return mask;
}

double control_group_cores(std::string_view membership, const std::filesystem::path& root) {
  double cores = kUnlimited;
  std::istringstream lines{std::string(membership)};
  for (std::string line; std::getline(lines, line);) {  // hierarchy:controllers:path
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string group = line.substr(second + 1);
    if (controllers.empty()) {
      cores = std::min(cores, smallest_to_root(root, group, true));
    } else if (names_cpu(controllers)) {
      cores = std::min(cores, smallest_to_root(root / "cpu", group, false));
    }
  }
  return cores;
}

int usable_cores() {
  const double quota = control_group_cores(read_text("/proc/self/cgroup"), "/sys/fs/cgroup");
  const int affinity = affinity_cores();
  return std::max(1, quota < affinity ? static_cast<int>(quota) : affinity);
}

}  // namespace prl
