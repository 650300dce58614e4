// SPDX-License-Identifier: Apache-2.0
// Running a test body on every SIMD target.
#ifndef COLONNADE_TESTS_SUPPORT_TARGETS_H_
#define COLONNADE_TESTS_SUPPORT_TARGETS_H_

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kernels/targets.h"
#include "tests/support/compare.h"
#include "tests/support/matrices.h"

namespace colonnade::test {

// Puts the target back that was chosen before.
class TargetRestorer {
 public:
  TargetRestorer() : before_(kernels::CurrentTarget()) {}
  TargetRestorer(const TargetRestorer&) = delete;
  TargetRestorer& operator=(const TargetRestorer&) = delete;
  ~TargetRestorer() {
    kernels::UseTarget({});
    if (kernels::CurrentTarget() != before_) kernels::UseTarget(before_);
  }

 private:
  std::string before_;
};

// Runs `body` with the kernels restricted to each of `targets` in turn. Fails if a target cannot
// be forced, if the kernels do not follow, or if the list is empty.
template <class Body>
void ForEachTargetOf(const std::vector<std::string>& targets, const Body& body) {
  const TargetRestorer restorer;
  ASSERT_FALSE(targets.empty()) << "no target to test";
  for (const std::string& target : targets) {
    SCOPED_TRACE("target " + target);
    ASSERT_TRUE(kernels::UseTarget(target));
    ASSERT_EQ(kernels::CurrentTarget(), target) << "the forced target does not run";
    body();
    ASSERT_EQ(kernels::CurrentTarget(), target) << "the target changed while the body ran";
    if (testing::Test::HasFatalFailure()) return;
  }
}

// Runs `body` on every target that this build has and this machine runs.
template <class Body>
void ForEachTarget(const Body& body) {
  static const std::vector<std::string> targets = kernels::SupportedTargets();
  ForEachTargetOf(targets, body);
}

// Compares the results of targets with FMA, bit for bit, with that of the first such target.
class SameBitsWithFma {
 public:
  testing::AssertionResult operator()(const FloatMatrix& result) {
    if (!kernels::CurrentTargetHasFma()) return testing::AssertionSuccess();
    if (!first_) {
      first_ = result.Clone();
      target_ = kernels::CurrentTarget();
    }
    return SameBits(first_->view(), result.view()) << "; the first result is that of " << target_;
  }

 private:
  std::optional<FloatMatrix> first_;
  std::string target_;
};

}  // namespace colonnade::test

#endif  // COLONNADE_TESTS_SUPPORT_TARGETS_H_
