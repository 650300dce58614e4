// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace colonnade {
namespace {

TEST(RandomTest, BlockIsPhilox4x32_10) {
  // Known answers of the reference implementation: an all-zero counter and key is out of reach,
  // since the stream is never 0, so the generator is asked through its own parts.
  const Random zero_seed(0, RandomStream::kWeights, 0);
  const std::array<uint32_t, 4> a = zero_seed.Block(0);
  EXPECT_EQ(a, zero_seed.Block(0)) << "a function of its arguments";
  EXPECT_NE(a, zero_seed.Block(1));
  EXPECT_NE(a, Random(1, RandomStream::kWeights, 0).Block(0));
  EXPECT_NE(a, Random(uint64_t{1} << 32, RandomStream::kWeights, 0).Block(0));
  EXPECT_NE(a, Random(0, RandomStream::kBiases, 0).Block(0));
  EXPECT_NE(a, Random(0, RandomStream::kWeights, 1).Block(0));
}

TEST(RandomTest, ElementDependsOnItsIndexAlone) {
  const Random random(7, RandomStream::kWeights, 3);
  std::vector<float> longer(103);
  std::vector<float> shorter(50);
  random.Uniform(longer, -1, 1);
  random.Uniform(shorter, -1, 1);
  EXPECT_TRUE(std::equal(shorter.begin(), shorter.end(), longer.begin()));
  random.Normal(longer, 2);
  random.Normal(shorter, 2);
  EXPECT_TRUE(std::equal(shorter.begin(), shorter.end(), longer.begin()));
}

TEST(RandomTest, UniformFillsItsRangeEvenly) {
  std::vector<float> values(100'000);
  Random(1, RandomStream::kWeights, 0).Uniform(values, -0.5f, 0.5f);
  std::vector<int> histogram(10);
  for (const float value : values) {
    ASSERT_GE(value, -0.5f);
    ASSERT_LT(value, 0.5f);
    ++histogram[static_cast<size_t>((value + 0.5f) * 10)];
  }
  for (const int count : histogram) EXPECT_NEAR(count, 10'000, 500);  // 5 standard deviations
}

TEST(RandomTest, NormalHasMeanAndDeviation) {
  std::vector<float> values(100'001);
  Random(1, RandomStream::kWeights, 0).Normal(values, 3.0f);
  double sum = 0;
  double squares = 0;
  int outside = 0;
  for (const float value : values) {
    ASSERT_TRUE(std::isfinite(value));
    sum += static_cast<double>(value);
    squares += static_cast<double>(value) * static_cast<double>(value);
    if (std::abs(value) > 6.0f) ++outside;
  }
  const auto n = static_cast<double>(values.size());
  EXPECT_NEAR(sum / n, 0, 0.05);
  EXPECT_NEAR(std::sqrt(squares / n), 3, 0.05);
  EXPECT_NEAR(outside / n, 0.0455, 0.004);  // beyond two deviations
}

TEST(RandomTest, PermutationIsOneAndDiffersByEpoch) {
  std::vector<uint32_t> a(1000);
  std::vector<uint32_t> b(1000);
  Random(5, RandomStream::kShuffle, 0).Permutation(a);
  Random(5, RandomStream::kShuffle, 1).Permutation(b);
  EXPECT_NE(a, b);
  std::sort(a.begin(), a.end());
  for (uint32_t i = 0; i < a.size(); ++i) ASSERT_EQ(a[i], i);
}

TEST(RandomTest, PermutationsAreEquallyLikely) {
  // All 6 orders of 3 elements, over many epochs: chi-square with 5 degrees of freedom.
  std::vector<int> histogram(27);
  constexpr int kDraws = 6000;
  for (uint32_t epoch = 0; epoch < kDraws; ++epoch) {
    std::vector<uint32_t> p(3);
    Random(9, RandomStream::kShuffle, epoch).Permutation(p);
    ++histogram[p[0] * 9 + p[1] * 3 + p[2]];
  }
  double chi_square = 0;
  int orders = 0;
  for (const int count : histogram) {
    if (count == 0) continue;
    ++orders;
    chi_square += (count - 1000.0) * (count - 1000.0) / 1000.0;
  }
  EXPECT_EQ(orders, 6);
  EXPECT_LT(chi_square, 20.5);  // exceeded by chance once in a thousand seeds
}

}  // namespace
}  // namespace colonnade
