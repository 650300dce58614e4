// SPDX-License-Identifier: Apache-2.0
#include "kernels/probe.h"

#include <gtest/gtest.h>

#include <string>

#include "kernels/matrix.h"
#include "tests/support/matrices.h"
#include "tests/support/targets.h"

namespace colonnade::test {
namespace {

using kernels::kMaxProbeIterations;

// The probes count by the very arithmetic that they probe: a step left out would be missing here.
TEST(FmaProbe, CountsItsOperations) {
  ForEachTarget([] {
    const double once = kernels::FmaProbe(1);
    EXPECT_GE(once, 2 * 8);
    for (const size_t iterations : {size_t{0}, size_t{2}, size_t{1001}, kMaxProbeIterations}) {
      EXPECT_EQ(kernels::FmaProbe(iterations), static_cast<double>(iterations) * once);
    }
  });
}

TEST(Bf16DotProbe, CountsItsOperationsWhereTheTargetHasTheInstruction) {
  ForEachTarget([] {
    const double once = kernels::Bf16DotProbe(1);
    const std::string target = kernels::CurrentTarget();
    if (target == "AVX3_ZEN4" || target == "AVX3_SPR") {
      EXPECT_EQ(once, 2 * kernels::FmaProbe(1));
    }
    if (target.starts_with("SSE") || target == "AVX2" || target == "AVX3" || target == "AVX3_DL") {
      EXPECT_EQ(once, 0);
    }
    for (const size_t iterations : {size_t{0}, size_t{2}, size_t{1001}, kMaxProbeIterations}) {
      EXPECT_EQ(kernels::Bf16DotProbe(iterations), static_cast<double>(iterations) * once);
    }
  });
}

// Small integers, so that the sum is exact in any order; a read beyond the data meets NaN.
TEST(ReadProbe, SumsEverythingAndNothingElse) {
  for (size_t floats = 0; floats <= 40 * kernels::kPadFloats; floats += kernels::kPadFloats) {
    SCOPED_TRACE(std::to_string(floats) + " floats");
    FloatMatrix data(floats, 1);
    float sum = 0;
    for (size_t i = 0; i < floats; ++i) {
      data(i, 0) = static_cast<float>(i * i % 257) - 100.0f;
      sum += data(i, 0);
    }
    ForEachTarget([&] { EXPECT_EQ(kernels::ReadProbe(data.data(), floats), sum); });
  }
}

}  // namespace
}  // namespace colonnade::test
