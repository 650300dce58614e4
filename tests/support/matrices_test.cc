// SPDX-License-Identifier: Apache-2.0
// The test matrices must notice what a wrong kernel does to them: here it is done.
#include "tests/support/matrices.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "tests/support/compare.h"

namespace colonnade::test {
namespace {

TEST(TestMatrix, StartsCleanAndNoticesEveryStrayByte) {
  for (const size_t stride : std::vector<size_t>{0, 16, 48}) {
    FloatMatrix matrix = FloatMatrix::Unset(5, 3, stride);
    EXPECT_TRUE(matrix.CheckGuards());
    EXPECT_FALSE(matrix.CheckPaddingZero());
    matrix.FillPadding(0);
    EXPECT_TRUE(StaysInBounds(matrix));
    EXPECT_TRUE(std::isnan(matrix(4, 2)));
    EXPECT_EQ(matrix.stride(), stride == 0 ? 16 : stride);
    for (float* stray : {matrix.data() - 1, matrix.data() + 3 * matrix.stride()}) {
      const float guard = *stray;
      EXPECT_TRUE(std::isnan(guard)) << "whoever reads it gets NaN";
      *stray = 0;
      EXPECT_FALSE(StaysInBounds(matrix));
      *stray = guard;
    }
  }
}

TEST(TestMatrix, NoticesWritesBetweenPaddingAndStride) {
  FloatMatrix matrix(5, 3, 48);
  matrix.data()[16] = 0;
  EXPECT_FALSE(matrix.CheckGuards());
}

TEST(TestMatrix, NoticesPaddingThatIsNotZero) {
  for (const float value : {std::numeric_limits<float>::quiet_NaN(), 1.0f, -1e-40f}) {
    FloatMatrix matrix(5, 3);
    matrix.view().Column(2)[15] = value;
    EXPECT_TRUE(matrix.CheckGuards());
    EXPECT_FALSE(StaysInBounds(matrix));
  }
}

TEST(TestMatrix, GuardsVectorsRightBehindTheLastElement) {
  FloatMatrix vector = FloatMatrix::Vector(5);
  EXPECT_TRUE(StaysInBounds(vector));
  vector.data()[5] = 0;
  EXPECT_FALSE(StaysInBounds(vector));
}

TEST(TestMatrix, RandomFillDependsOnTheSeedOnly) {
  const auto fill = [](uint64_t seed) {
    Random random(seed);
    return FloatMatrix::Uniform(random, 20, 4);
  };
  EXPECT_TRUE(SameBits(fill(1).view(), fill(1).view()));
  EXPECT_FALSE(SameBits(fill(1).view(), fill(2).view()));
  EXPECT_TRUE(StaysInBounds(fill(1)));
}

}  // namespace
}  // namespace colonnade::test
