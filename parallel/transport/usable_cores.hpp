// How many processor cores this process may use: fewer than the machine has under an affinity mask or a container's
// quota. Waiting (parallel/transport/waiting.hpp) and the marking of oversubscribed rows depend on it.
#pragma once

#include <sched.h>

#include <filesystem>
#include <string_view>

namespace prl {

// The smaller of the affinity mask's cores and the control group's quota, at least 1.
int usable_cores();

// The cores of the first caller's affinity mask: the process's, if it is called before threads are kept to some of them.
// Empty where the kernel has more cores than the mask of a fixed size.
const cpu_set_t& process_affinity();

// Cores that a control group's CPU quota allows, the smallest over the group and its ancestors; infinity without one.
// `membership` is the text of /proc/self/cgroup, `root` where control groups are mounted. Reads version 2 (cpu.max) and
// version 1 (cpu/cpu.cfs_quota_us). A path that is not below `root`, as in a container, counts as `root` itself.
double control_group_cores(std::string_view membership, const std::filesystem::path& root);

}  // namespace prl
