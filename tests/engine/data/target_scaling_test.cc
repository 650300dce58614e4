// SPDX-License-Identifier: Apache-2.0
#include "engine/data/target_scaling.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <span>
#include <vector>

namespace colonnade {
namespace {

Dataset Targets(const std::vector<float>& targets) {
  const std::vector<float> values(targets.size());
  return Dataset::FromMemory(std::span<const float>(values), targets, {.features = 1});
}

TargetScaling QuantileOf(const std::vector<float>& targets) {
  return {.transform = TargetTransform::kQuantile, .knots = TargetKnots(Targets(targets))};
}

// The numbers are those of QuantileTransformer(output_distribution="normal", subsample=None),
// scikit-learn 1.6.
TEST(TargetScalingTest, NormalScoresAreThoseOfScikitLearn) {
  const TargetScaling scaling = QuantileOf({3, 1, 1, 1, 2, 7.5f, 40, -2, 0.25f, 1000, 9, 9.5f});
  const std::vector<float> numbers = {-2, 1, 2.5f, 9.25f, 900, 1000, -3, 5000, 1.5f};
  const std::vector<double> scores = {-5.19933758, -0.60458535, 0,          0.74785859, 2.34672172,
                                      5.19933758,  -5.19933758, 5.19933758, -0.22988412};
  const Dataset data = Targets(numbers);
  for (size_t e = 0; e < numbers.size(); ++e) {
    EXPECT_NEAR(Transformed(scaling, data, e), scores[e], 1e-6) << numbers[e];
  }
  const std::vector<float> outputs = {-6, -1, -0.3f, 0, 0.2f, 1, 2, 6};
  const std::vector<double> values = {-2,         0.808905845, 1.20297436, 2.5,
                                      4.67335562, 17.2711623,  759.758607, 1000};
  for (size_t i = 0; i < outputs.size(); ++i) {
    EXPECT_NEAR(ValueOf(scaling, {}, outputs[i]), values[i], 2e-6 * std::abs(values[i]))
        << outputs[i];
  }
}

TEST(TargetScalingTest, AThousandKnotsAreEnough) {
  std::vector<float> numbers(3000);
  for (size_t i = 0; i < numbers.size(); ++i) {
    const float x = static_cast<float>(i * 7919 % 3000) / 3000.0f;
    numbers[i] = x * x * x * x * 100;
  }
  const TargetScaling scaling = QuantileOf(numbers);
  ASSERT_EQ(scaling.knots.size(), 1000u);
  EXPECT_EQ(scaling.knots.front(), 0);
  EXPECT_NEAR(scaling.knots[500], 6.266698407219937, 1e-5);
  EXPECT_NEAR(scaling.knots.back(), 99.86674499511719, 1e-4);
  const Dataset some = Targets({0.001f, 1, 50, 99});
  const std::vector<double> scores = {-1.5870699008100757, -0.47797776900052985, 0.9993044331636232,
                                      2.851302018430538};
  for (size_t e = 0; e < 4; ++e) EXPECT_NEAR(Transformed(scaling, some, e), scores[e], 1e-5);
  EXPECT_NEAR(ValueOf(scaling, {}, -2), 2.681433318838116e-05, 1e-9);
  EXPECT_NEAR(ValueOf(scaling, {}, 0.5f), 22.829500424803612, 1e-4);
  EXPECT_NEAR(ValueOf(scaling, {}, 3), 99.32871594226464, 1e-4);
}

// Where many have the least number, scikit-learn has the score of rank 0, and nothing near it.
TEST(TargetScalingTest, NumbersThatManyShareHaveTheMiddleOfTheirRanks) {
  const TargetScaling scaling = QuantileOf({0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6});
  const Dataset data = Targets({0, 6});
  EXPECT_NEAR(Transformed(scaling, data, 0), -0.841621, 1e-5);  // of rank 0.2
  EXPECT_NEAR(ValueOf(scaling, {}, -0.841621f), 0, 1e-6);
}

TEST(TargetScalingTest, OneNumberIsPredictedWhateverTheOutput) {
  for (const size_t count : {1u, 5u}) {
    const TargetScaling scaling = QuantileOf(std::vector<float>(count, 7));
    const Dataset data = Targets({7});
    EXPECT_EQ(ValueOf(scaling, {}, Transformed(scaling, data, 0)), 7);
    EXPECT_EQ(ValueOf(scaling, {}, 100), 7);
  }
}

TEST(TargetScalingTest, LogarithmsHaveACeilingAndMakeUpForTheMeanOfExponentials) {
  TargetScaling scaling = {.offset = 1, .scale = 2, .transform = TargetTransform::kLog1p};
  const Dataset data = Targets({0, 19});
  EXPECT_FLOAT_EQ(Transformed(scaling, data, 1), std::log(20.0f));
  EXPECT_DOUBLE_EQ(ValueOf(scaling, {}, 4), std::expm1(9.0));
  scaling.ceiling = 1.5f;
  EXPECT_DOUBLE_EQ(ValueOf(scaling, {}, 4), std::expm1(4.0));
  scaling.smearing = 0.25f;
  EXPECT_DOUBLE_EQ(ValueOf(scaling, {}, 1), 1.2840254166877414 * std::exp(3.0) - 1);
  EXPECT_TRUE(std::isnan(ValueOf(scaling, {}, std::numeric_limits<float>::quiet_NaN())));
}

TEST(TargetScalingTest, IsRebasedForAnotherOffset) {
  const Schema from = {.features = 1, .target_offset = 1e9};
  const Schema to = {.features = 1, .target_offset = 1e9 - 7};
  EXPECT_EQ(Rebased(TargetScaling{.offset = 5, .scale = 2}, from, to),
            (TargetScaling{.offset = 12, .scale = 2}));
  const TargetScaling log = {.offset = 5, .transform = TargetTransform::kLog1p};
  EXPECT_EQ(Rebased(log, from, to), log);
  const TargetScaling quantile = {
      .offset = 5, .transform = TargetTransform::kQuantile, .knots = {1, 2}};
  const TargetScaling rebased = Rebased(quantile, from, to);
  EXPECT_EQ(rebased.offset, 5);
  EXPECT_EQ(rebased.knots, (std::vector<float>{8, 9}));
  EXPECT_EQ(ValueOf(rebased, to, 0), ValueOf(quantile, from, 0));
}

}  // namespace
}  // namespace colonnade
