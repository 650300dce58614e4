// SPDX-License-Identifier: Apache-2.0
#ifndef COLONNADE_ENGINE_RUNTIME_CPU_QUOTA_H_
#define COLONNADE_ENGINE_RUNTIME_CPU_QUOTA_H_

#include <filesystem>

namespace colonnade {

// The processors' worth of time that control groups grant this process; infinity without a limit.
// The smallest limit on the way from the process's group up to the root counts, for version 2
// (cpu.max) and version 1 (cpu.cfs_quota_us) alike. `membership` is /proc/self/cgroup, `root`
// /sys/fs/cgroup; anything unreadable counts as no limit.
double CpuQuota(const std::filesystem::path& membership, const std::filesystem::path& root);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_RUNTIME_CPU_QUOTA_H_
