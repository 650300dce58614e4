// SPDX-License-Identifier: Apache-2.0
// The comparators must reject what is wrong: here they get it.
#include "tests/support/compare.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "tests/support/matrices.h"

namespace colonnade::test {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr size_t kRoundings = 4;

// A column of sums whose terms add up to twice their size.
References Column(const std::vector<double>& values) {
  References references(values.size(), 1);
  for (size_t r = 0; r < values.size(); ++r) {
    references(r, 0) = {.value = values[r], .magnitude = 2 * std::fabs(values[r])};
  }
  return references;
}

FloatMatrix Actual(const std::vector<float>& values) {
  FloatMatrix matrix(values.size(), 1);
  matrix.Generate([&](size_t r, size_t) { return values[r]; });
  return matrix;
}

bool Near(const std::vector<double>& expected, const std::vector<float>& actual) {
  return IsNear(Column(expected), Actual(actual), kRoundings);
}

TEST(IsNear, AcceptsWhatIsWithinTheBound) {
  EXPECT_TRUE(Near({1.5, -2.5, 0}, {1.5f, -2.5f, 0}));
  // 4 roundings of a value of magnitude 2: up to 8 · 2^-24.
  EXPECT_TRUE(Near({1, -1}, {1 + 0x1p-21f, -1 - 0x1p-21f}));
}

TEST(IsNear, RejectsWhatIsBeyondTheBound) {
  EXPECT_FALSE(Near({1, -1}, {1 + 0x1.4p-21f, -1}));
  EXPECT_FALSE(Near({1, -1}, {1, -1 - 0x1.4p-21f}));
  EXPECT_FALSE(Near({1, -1}, {1 - 0x1.4p-21f, -1}));
  EXPECT_FALSE(Near({1, -1}, {1, -1 + 0x1.4p-21f}));
}

TEST(IsNear, RejectsTheWrongSign) {
  EXPECT_FALSE(Near({1}, {-1}));
  EXPECT_FALSE(Near({-1}, {1}));
  EXPECT_FALSE(Near({-1e-30}, {1e-30f}));
  EXPECT_FALSE(Near({1, -3}, {1, 3}));
}

TEST(IsNear, RejectsZeros) {
  EXPECT_FALSE(Near({1, -2, 3}, {0, 0, 0}));
  EXPECT_FALSE(Near({-1e-30}, {0}));
  EXPECT_FALSE(Near({0}, {1e-30f})) << "an exact zero has no tolerance";
}

TEST(IsNear, RejectsNanUnlessExpected) {
  EXPECT_FALSE(Near({1}, {kNan}));
  EXPECT_FALSE(Near({0}, {kNan}));
  EXPECT_FALSE(Near({kInf}, {kNan}));
  EXPECT_FALSE(Near({kNan}, {1}));
  EXPECT_FALSE(Near({kNan}, {0}));
  EXPECT_FALSE(Near({kNan}, {kInf}));
  EXPECT_TRUE(Near({kNan, 1}, {kNan, 1}));
}

TEST(IsNear, AcceptsOnlyTheSameInfinity) {
  EXPECT_TRUE(Near({kInf, -kInf}, {kInf, -kInf}));
  EXPECT_FALSE(Near({kInf}, {-kInf}));
  EXPECT_FALSE(Near({-kInf}, {kInf}));
  EXPECT_FALSE(Near({kInf}, {std::numeric_limits<float>::max()}));
  EXPECT_FALSE(Near({1}, {kInf}));
  EXPECT_FALSE(Near({-1}, {-kInf}));
}

TEST(IsNear, FindsOneBadElementOutOfMany) {
  Random random(1);
  const FloatMatrix good = FloatMatrix::Uniform(random, 37, 29, 64);
  References expected(37, 29);
  for (size_t c = 0; c < 29; ++c) {
    for (size_t r = 0; r < 37; ++r) expected(r, c).Add(static_cast<double>(good(r, c)));
  }
  ASSERT_TRUE(IsNear(expected, good, 1));
  for (size_t c = 0; c < 29; ++c) {
    for (size_t r = 0; r < 37; ++r) {
      FloatMatrix bad = good.Clone();
      bad(r, c) *= 1 + 0x1p-20f;
      ASSERT_FALSE(IsNear(expected, bad, 1)) << r << ", " << c;
    }
  }
}

TEST(IsNear, SaysWhereAndWhat) {
  const testing::AssertionResult result = IsNear(Column({1, 2, 3, 4}), Actual({1, 2, -3, 5}), 1);
  EXPECT_NE(std::string(result.message()).find("2 elements wrong, first (2, 0) expected 3"),
            std::string::npos)
      << result.message();
}

TEST(IsNear, RejectsLaxTolerances) {
  const FloatMatrix one = Actual({1});
  EXPECT_TRUE(IsNear(Column({1}), one, 1 << 13));
  EXPECT_FALSE(IsNear(Column({1}), one, 1 << 14)) << "relative bound above 2^-10";
  EXPECT_FALSE(IsNear(Column({1}), one, size_t{1} << 24));
  EXPECT_FALSE(IsNear(Column({1}), one, std::numeric_limits<size_t>::max()));

  References expected = Column({1});
  expected(0, 0).magnitude = 1e8;
  EXPECT_FALSE(IsNear(expected, one, 1)) << "zeros would pass";
  for (const double magnitude : {0.0, 0.5, -1.0, std::nan(""), double{kInf}}) {
    expected(0, 0).magnitude = magnitude;
    EXPECT_FALSE(IsNear(expected, one, 1)) << "magnitude " << magnitude;
  }
}

TEST(IsNear, RejectsOtherShapes) {
  EXPECT_FALSE(Near({1, 2}, {1}));
  EXPECT_FALSE(Near({1}, {1, 2}));
  EXPECT_FALSE(Near({}, {1}));
}

TEST(SameBits, AcceptsEqualBits) {
  EXPECT_TRUE(SameBits(Actual({1, -2, 0, -0.0f, kInf, kNan}).view(),
                       Actual({1, -2, 0, -0.0f, kInf, kNan}).view()));
}

TEST(SameBits, IgnoresStrideAndPadding) {
  Random random(1);
  const FloatMatrix narrow = FloatMatrix::Uniform(random, 5, 3);
  FloatMatrix wide = FloatMatrix::Unset(5, 3, 48);
  wide.Generate([&](size_t r, size_t c) { return narrow(r, c); });
  EXPECT_TRUE(SameBits(narrow.view(), wide.view()));
}

TEST(SameBits, RejectsOneUnitInTheLastPlace) {
  for (const float value : {1.0f, -1.0f, 3e38f, -1e-40f, 0.0f}) {
    EXPECT_FALSE(SameBits(Actual({value}).view(), Actual({std::nextafter(value, kInf)}).view()));
    EXPECT_FALSE(SameBits(Actual({value}).view(), Actual({std::nextafter(value, -kInf)}).view()));
  }
}

TEST(SameBits, RejectsWhatComparesEqualOrUnordered) {
  EXPECT_FALSE(SameBits(Actual({0.0f}).view(), Actual({-0.0f}).view()));
  EXPECT_FALSE(SameBits(Actual({kNan}).view(), Actual({-kNan}).view()));
  EXPECT_FALSE(SameBits(Actual({kNan}).view(), Actual({1}).view()));
  EXPECT_FALSE(SameBits(Actual({1}).view(), Actual({kNan}).view()));
}

TEST(SameBits, RejectsOtherShapes) {
  EXPECT_FALSE(SameBits(Actual({1, 2}).view(), Actual({1}).view()));
  EXPECT_FALSE(SameBits(Actual({}).view(), Actual({1}).view()));
}

TEST(SameBits, FindsOneBadElementAndSaysWhere) {
  Random random(1);
  const FloatMatrix good = FloatMatrix::Uniform(random, 20, 7);
  FloatMatrix bad = good.Clone();
  bad(19, 6) = std::nextafter(bad(19, 6), kInf);
  const testing::AssertionResult result = SameBits(good.view(), bad.view());
  EXPECT_FALSE(result);
  EXPECT_NE(std::string(result.message()).find("1 elements differ, first (19, 6)"),
            std::string::npos)
      << result.message();
}

TEST(UlpError, CountsUnitsOfTheExpectedValue) {
  EXPECT_EQ(UlpError(1, 1), 0);
  EXPECT_EQ(UlpError(1, 1 + 0x1p-23f), 1);
  EXPECT_EQ(UlpError(-1, -1 - 0x1p-22f), 2);
  EXPECT_EQ(UlpError(1 + 0x1p-24, 1), 0.5);
  EXPECT_EQ(UlpError(0, std::numeric_limits<float>::denorm_min()), 1);
  EXPECT_EQ(UlpError(0x1p-140, 0), 512);
  EXPECT_GT(UlpError(1, -1), 1e6);
  EXPECT_GT(UlpError(1, 0), 1e6);
  for (const float wrong : {kNan, kInf, -kInf}) EXPECT_EQ(UlpError(1, wrong), kInf);
  EXPECT_EQ(UlpError(kNan, 1), kInf);
  EXPECT_EQ(UlpError(kInf, -kInf), kInf);
  EXPECT_EQ(UlpError(kInf, kInf), 0);
}

}  // namespace
}  // namespace colonnade::test
