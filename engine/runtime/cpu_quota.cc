// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/cpu_quota.h"

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>

namespace colonnade {
namespace {

constexpr double kUnlimited = std::numeric_limits<double>::infinity();

double ReadNumber(const std::filesystem::path& file) {
  double value = 0;
  std::ifstream in(file);
  return in >> value ? value : -1;
}

// "max 100000" or "150000 100000": microseconds of processor time per period.
double QuotaV2(const std::filesystem::path& group) {
  std::ifstream in(group / "cpu.max");
  double quota = 0;
  double period = 0;
  return in >> quota >> period && quota > 0 && period > 0 ? quota / period : kUnlimited;
}

double QuotaV1(const std::filesystem::path& group) {
  const double quota = ReadNumber(group / "cpu.cfs_quota_us");  // -1: none
  const double period = ReadNumber(group / "cpu.cfs_period_us");
  return quota > 0 && period > 0 ? quota / period : kUnlimited;
}

// The smallest quota of the group `relative` below `mount` and of its ancestors.
template <class QuotaOf>
double SmallestOnTheWayUp(const std::filesystem::path& mount, std::filesystem::path relative,
                          QuotaOf quota_of) {
  double smallest = kUnlimited;
  for (;;) {
    smallest = std::min(smallest, quota_of(mount / relative));
    if (relative.empty()) return smallest;
    relative = relative.parent_path();
  }
}

}  // namespace

double CpuQuota(const std::filesystem::path& membership, const std::filesystem::path& root) {
  double smallest = kUnlimited;
  std::ifstream in(membership);
  // Lines "hierarchy:controllers:/path"; version 2 has hierarchy 0 and no controllers.
  for (std::string line; std::getline(in, line);) {
    const size_t first = line.find(':');
    const size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::filesystem::path group =
        std::filesystem::path(line.substr(second + 1)).relative_path();
    if (controllers.empty()) {
      smallest = std::min(smallest, SmallestOnTheWayUp(root, group, QuotaV2));
    } else if (("," + controllers + ",").find(",cpu,") != std::string::npos) {
      smallest = std::min(smallest, SmallestOnTheWayUp(root / "cpu", group, QuotaV1));
    }
  }
  return smallest;
}

}  // namespace colonnade
