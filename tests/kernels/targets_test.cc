// SPDX-License-Identifier: Apache-2.0
#include "kernels/targets.h"

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <set>
#include <string>
#include <vector>

#include "kernels/gemm.h"
#include "tests/support/matrices.h"
#include "tests/support/targets.h"

namespace colonnade::test {
namespace {

using kernels::CurrentTarget;
using kernels::SupportedTargets;
using kernels::UseTarget;

TEST(Targets, AreListedOnceBestFirst) {
  const std::vector<std::string> targets = SupportedTargets();
  ASSERT_FALSE(targets.empty());
  EXPECT_EQ(std::set<std::string>(targets.begin(), targets.end()).size(), targets.size());
  EXPECT_EQ(CurrentTarget(), targets.front());
}

TEST(Targets, CanBeForcedByNameInAnyCase) {
  const TargetRestorer restorer;
  for (const std::string& target : SupportedTargets()) {
    std::string name = target;
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    EXPECT_TRUE(UseTarget(name));
    EXPECT_EQ(CurrentTarget(), target);
  }
}

TEST(Targets, AnEmptyNameLiftsTheRestriction) {
  const TargetRestorer restorer;
  ASSERT_TRUE(UseTarget(SupportedTargets().back()));
  EXPECT_TRUE(UseTarget(""));
  EXPECT_EQ(CurrentTarget(), SupportedTargets().front());
}

TEST(Targets, AnUnknownNameChangesNothing) {
  const TargetRestorer restorer;
  const std::string last = SupportedTargets().back();
  ASSERT_TRUE(UseTarget(last));
  for (const std::string name : {"AVX", "AVX22", "nonsense", " "}) {
    EXPECT_FALSE(UseTarget(name)) << name;
    EXPECT_EQ(CurrentTarget(), last);
  }
}

TEST(Targets, AreAllListedWhileOneIsForced) {
  const std::vector<std::string> all = SupportedTargets();
  ForEachTarget([&] { EXPECT_EQ(SupportedTargets(), all); });
}

// (1 + 2^-12)² − (1 + 2^-11) is 2^-24 with a fused multiply-add, and 0 if the product is rounded
// first: the kernels themselves tell which code runs.
TEST(Targets, RunTheKernelsThatTheyName) {
  ForEachTarget([] {
    FloatMatrix factor(1, 1);
    factor(0, 0) = 1 + 0x1p-12f;
    FloatMatrix bias(1, 1);
    bias(0, 0) = -(1 + 0x1p-11f);
    FloatMatrix z = FloatMatrix::Unset(1, 1);
    kernels::Forward(factor, factor, bias.data(), kernels::Activation::kIdentity, z);
    EXPECT_EQ(z(0, 0), kernels::CurrentTargetHasFma() ? 0x1p-24f : 0.0f);
  });
}

TEST(ForEachTarget, RunsEveryTargetAndRestoresTheFormer) {
  const TargetRestorer restorer;
  const std::string former = SupportedTargets().back();
  ASSERT_TRUE(UseTarget(former));
  std::vector<std::string> ran;
  ForEachTarget([&] { ran.push_back(CurrentTarget()); });
  EXPECT_EQ(ran, SupportedTargets());
  EXPECT_EQ(CurrentTarget(), former);
}

TEST(ForEachTarget, FailsWhereNothingRuns) {
  EXPECT_FATAL_FAILURE(ForEachTargetOf({}, [] {}), "no target to test");
  EXPECT_FATAL_FAILURE(ForEachTargetOf({"nonsense"}, [] {}), "UseTarget(target)");
}

TEST(ForEachTarget, NoticesABodyThatLeavesItsTarget) {
  if (SupportedTargets().size() < 2) GTEST_SKIP() << "there is one target only";
  EXPECT_FATAL_FAILURE(
      ForEachTargetOf({SupportedTargets().front()}, [] { UseTarget(SupportedTargets().back()); }),
      "the target changed");
}

TEST(ForEachTarget, NamesTheTargetInFailures) {
  EXPECT_NONFATAL_FAILURE(ForEachTargetOf({SupportedTargets().front()}, [] { ADD_FAILURE(); }),
                          "target " + SupportedTargets().front());
}

}  // namespace
}  // namespace colonnade::test
