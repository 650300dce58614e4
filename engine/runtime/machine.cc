// SPDX-License-Identifier: Apache-2.0
#include "colonnade/machine.h"

#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>
#include <thread>

#include "colonnade/error.h"
#include "engine/runtime/cpu_quota.h"
#include "kernels/targets.h"

namespace colonnade {
namespace {

int ProcessorsAllowed() {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof(allowed), &allowed) == 0) {
    return std::max(1, CPU_COUNT(&allowed));
  }
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

}  // namespace

int DefaultThreads() {
  const double quota = CpuQuota("/proc/self/cgroup", "/sys/fs/cgroup");
  const int processors = ProcessorsAllowed();
  if (quota >= processors) return processors;
  return std::max(1, static_cast<int>(std::ceil(quota)));
}

std::vector<std::string> SimdTargets() { return kernels::SupportedTargets(); }

std::string SimdTarget() { return kernels::CurrentTarget(); }

void SetSimdTarget(std::string_view name) {
  if (kernels::UseTarget(name)) return;
  throw Error(ErrorCode::kInvalidArgument,
              {.subject = "simd",
               .found = fmt::format("'{}'", name),
               .expected = fmt::format("one that this machine and this build have ({})",
                                       fmt::join(SimdTargets(), ", "))});
}

}  // namespace colonnade
