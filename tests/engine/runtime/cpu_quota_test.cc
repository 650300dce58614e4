// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/cpu_quota.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "colonnade/machine.h"
#include "tests/support/temp_dir.h"

namespace colonnade {
namespace {

class CpuQuotaTest : public ::testing::Test {
 protected:
  void Write(const std::string& file, const std::string& text) {
    const std::filesystem::path path = dir_.path() / file;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  double Quota() { return CpuQuota(dir_.path() / "membership", dir_.path() / "cgroup"); }

  test::TempDir dir_;
};

TEST_F(CpuQuotaTest, NothingThereIsNoLimit) { EXPECT_TRUE(std::isinf(Quota())); }

TEST_F(CpuQuotaTest, Version2TakesTheSmallestOnTheWayUp) {
  Write("membership", "0::/a/b\n");
  Write("cgroup/a/b/cpu.max", "max 100000\n");
  EXPECT_TRUE(std::isinf(Quota()));
  Write("cgroup/a/cpu.max", "150000 100000\n");
  EXPECT_DOUBLE_EQ(Quota(), 1.5);
  Write("cgroup/a/b/cpu.max", "50000 100000\n");
  EXPECT_DOUBLE_EQ(Quota(), 0.5);
  Write("cgroup/cpu.max", "20000 100000\n");
  EXPECT_DOUBLE_EQ(Quota(), 0.2);
}

TEST_F(CpuQuotaTest, Version2OfAContainerWhoseGroupIsNotVisible) {
  Write("membership", "0::/../../outside\n");
  Write("cgroup/cpu.max", "300000 100000\n");
  EXPECT_DOUBLE_EQ(Quota(), 3);
}

TEST_F(CpuQuotaTest, Version1) {
  Write("membership", "12:memory:/m\n4:cpu,cpuacct:/job\n1:name=systemd:/\n");
  Write("cgroup/cpu/job/cpu.cfs_quota_us", "-1\n");
  Write("cgroup/cpu/job/cpu.cfs_period_us", "100000\n");
  EXPECT_TRUE(std::isinf(Quota()));
  Write("cgroup/cpu/job/cpu.cfs_quota_us", "250000\n");
  EXPECT_DOUBLE_EQ(Quota(), 2.5);
}

TEST_F(CpuQuotaTest, NonsenseIsNoLimit) {
  Write("membership", "no colons\n0::\n:::\n");
  Write("cgroup/cpu.max", "many of them\n");
  EXPECT_TRUE(std::isinf(Quota()));
}

TEST(MachineTest, DefaultThreadsAndTargets) {
  EXPECT_GE(DefaultThreads(), 1);
  ASSERT_FALSE(SimdTargets().empty());
  EXPECT_EQ(SimdTarget(), SimdTargets().front());
}

}  // namespace
}  // namespace colonnade
