// SPDX-License-Identifier: Apache-2.0
// The accuracy that softmax.h states for the exponential and the logarithm, on every target. Only
// code that is compiled per target can call them alone.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "kernels/matrix.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tests/kernels/softmax_accuracy_test.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"
#include "kernels/softmax-inl.h"

HWY_BEFORE_NAMESPACE();
namespace colonnade::kernels::HWY_NAMESPACE {

void ExpTarget(Matrix x) { ExpOfShifted(x.data, x.rows, 0.0f); }
float LogTarget(float x) { return LogOfSum(x); }

}  // namespace colonnade::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <gtest/gtest.h>

#include "tests/support/compare.h"
#include "tests/support/matrices.h"
#include "tests/support/targets.h"

namespace colonnade::kernels {

HWY_EXPORT(ExpTarget);
HWY_EXPORT(LogTarget);

namespace {

// Every `step`-th float from `from` on, away from zero, up to `to`.
test::FloatMatrix Sample(float from, float to, uint32_t step) {
  const uint32_t first = std::bit_cast<uint32_t>(from);
  const uint32_t last = std::bit_cast<uint32_t>(to);
  test::FloatMatrix sample((last - first) / step + 1, 1);
  sample.Generate([&](size_t r, size_t) {
    return std::bit_cast<float>(first + static_cast<uint32_t>(r) * step);
  });
  return sample;
}

// Fails for the worst of all `actual` values if it is more than `ulps` from `exact`(x).
void ExpectWithin(double ulps, const test::FloatMatrix& x, const std::vector<double>& exact,
                  const test::FloatMatrix& actual) {
  size_t worst = 0;
  double error = 0;
  for (size_t r = 0; r < x.rows(); ++r) {
    const double e = test::UlpError(exact[r], actual(r, 0));
    if (!(e <= error)) {
      worst = r;
      error = e;
    }
  }
  EXPECT_LE(error, ulps) << "at " << std::hexfloat << x(worst, 0) << ": expected " << exact[worst]
                         << ", actual " << actual(worst, 0);
}

std::vector<double> Exact(double (*function)(double), const test::FloatMatrix& x) {
  std::vector<double> exact(x.rows());
  for (size_t r = 0; r < x.rows(); ++r) exact[r] = function(double{x(r, 0)});
  return exact;
}

TEST(SoftmaxAccuracy, ExponentialIsWithinOneUlp) {
  // From the smallest negative number to where the exponential is zero.
  const test::FloatMatrix x = Sample(-0x1p-149f, -110.0f, 4099);
  const std::vector<double> exact = Exact(std::exp, x);
  test::SameBitsWithFma same_bits;
  test::ForEachTarget([&] {
    test::FloatMatrix e = x.Clone();
    HWY_DYNAMIC_DISPATCH(ExpTarget)(e);
    ExpectWithin(1, x, exact, e);
    EXPECT_TRUE(same_bits(e));
  });
}

TEST(SoftmaxAccuracy, ExponentialOfZeroIsOne) {
  test::ForEachTarget([] {
    test::FloatMatrix e(2, 1);
    e(0, 0) = 0.0f;
    e(1, 0) = -0.0f;
    HWY_DYNAMIC_DISPATCH(ExpTarget)(e);
    EXPECT_EQ(e(0, 0), 1);
    EXPECT_EQ(e(1, 0), 1);
  });
}

TEST(SoftmaxAccuracy, LogarithmIsWithinFourUlp) {
  // Sums of exponentials lie between 1 and the number of classes.
  const test::FloatMatrix x = Sample(1.0f, 0x1p20f, 499);
  const std::vector<double> exact = Exact(std::log, x);
  test::SameBitsWithFma same_bits;
  test::ForEachTarget([&] {
    test::FloatMatrix log = x.Clone();
    log.Generate([&](size_t r, size_t) { return HWY_DYNAMIC_DISPATCH(LogTarget)(x(r, 0)); });
    ExpectWithin(4, x, exact, log);
    EXPECT_TRUE(same_bits(log));
  });
}

TEST(SoftmaxAccuracy, LogarithmOfOneIsZero) {
  test::ForEachTarget([] { EXPECT_EQ(HWY_DYNAMIC_DISPATCH(LogTarget)(1.0f), 0); });
}

TEST(SoftmaxAccuracy, LogarithmOfNanIsNan) {
  test::ForEachTarget([] {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    EXPECT_TRUE(std::isnan(HWY_DYNAMIC_DISPATCH(LogTarget)(nan)));
  });
}

}  // namespace
}  // namespace colonnade::kernels
#endif  // HWY_ONCE
