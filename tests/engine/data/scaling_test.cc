// SPDX-License-Identifier: Apache-2.0
#include "engine/data/scaling.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "colonnade/error.h"
#include "tests/support/datasets.h"

// Designated initializers leave the other members at their defaults, which is the point of them.
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

namespace colonnade {
namespace {

// Three features: 0..3, a constant that has no exact double mean, and a shifted one.
Dataset Floats() {
  std::vector<float> values;
  for (int e = 0; e < 4; ++e) {
    const auto x = static_cast<float>(e);
    values.insert(values.end(), {x, 0.1f, 1000 + 2 * x});
  }
  Schema schema;
  schema.features = 3;
  return Dataset::FromMemory(std::span<const float>(values), std::vector<uint32_t>{0, 1, 0, 1},
                             schema);
}

std::vector<float> Scaled(const Dataset& data, Scale method) {
  const Scaling scaling = FitScaling(method, data);
  const BatchReader reader(data, scaling);
  OwnedMatrix batch(data.features(), data.examples());
  std::vector<uint32_t> indices(data.examples());
  for (size_t e = 0; e < indices.size(); ++e) indices[e] = static_cast<uint32_t>(e);
  reader.Read(indices.data(), batch.view());
  std::vector<float> result;
  for (size_t e = 0; e < data.examples(); ++e) {
    const float* column = batch.view().Column(e);
    result.insert(result.end(), column, column + data.features());
  }
  return result;
}

TEST(ScalingTest, StandardGivesMeanZeroAndVarianceOne) {
  const std::vector<float> values = Scaled(Floats(), Scale::kStandard);
  const double unit = 1 / std::sqrt(1.25);  // deviation of 0, 1, 2, 3
  for (size_t e = 0; e < 4; ++e) {
    EXPECT_NEAR(values[3 * e], (static_cast<double>(e) - 1.5) * unit, 1e-6);
    EXPECT_EQ(values[3 * e + 1], 0) << "a constant feature does no harm";
    EXPECT_NEAR(values[3 * e + 2], (static_cast<double>(e) - 1.5) * unit, 1e-6);
  }
}

TEST(ScalingTest, MinMaxGivesZeroToOne) {
  const std::vector<float> values = Scaled(Floats(), Scale::kMinMax);
  EXPECT_EQ(values[0], 0);
  EXPECT_EQ(values[1], 0);
  EXPECT_NEAR(values[9], 1, 1e-6);
  EXPECT_NEAR(values[11], 1, 1e-6);
}

TEST(ScalingTest, ARangeBeyondF32GivesZerosInsteadOfNan) {
  const std::vector<float> values = {3e38f, -3e38f, 3e38f, 0};
  Schema schema;
  schema.features = 1;
  const Dataset data = Dataset::FromMemory(std::span<const float>(values),
                                           std::vector<uint32_t>{0, 1, 0, 1}, schema);
  for (const Scale method : {Scale::kMinMax, Scale::kStandard}) {
    for (const float value : Scaled(data, method))
      EXPECT_TRUE(std::isfinite(value)) << Name(method);
  }
}

TEST(ScalingTest, NoneChangesNothing) {
  EXPECT_EQ(Scaled(Floats(), Scale::kNone)[2], 1000);
  EXPECT_EQ(FitScaling(Scale::kNone, Floats()).method, Scale::kNone);
}

// Values 2, 4 and 8 of a table, less 3.
Dataset Shifted() {
  Schema schema;
  schema.features = 1;
  schema.offsets = {3};
  const std::vector<float> values = {2, 4, 8};
  return Dataset::FromMemory(std::span<const float>(values), std::vector<uint32_t>{0, 1, 0},
                             schema);
}

TEST(ScalingTest, NoneAndUnitAreOfTheNumbersOfTheTable) {
  EXPECT_EQ(Scaled(Shifted(), Scale::kNone), (std::vector<float>{2, 4, 8}));
  const std::vector<float> unit = Scaled(Shifted(), Scale::kUnit);
  EXPECT_FLOAT_EQ(unit[0], 2.0F / 255);
  EXPECT_FLOAT_EQ(unit[2], 8.0F / 255);
  const std::vector<float> range = Scaled(Shifted(), Scale::kMinMax);
  EXPECT_FLOAT_EQ(range[0], 0);
  EXPECT_FLOAT_EQ(range[1], 1.0F / 3);
  EXPECT_FLOAT_EQ(range[2], 1);
}

TEST(ScalingTest, AScalingIsRebasedForOtherOffsets) {
  const Schema plain = {.features = 1};
  for (const Scale method : {Scale::kNone, Scale::kUnit, Scale::kMinMax, Scale::kStandard}) {
    const Scaling fitted = FitScaling(method, Shifted());
    const Scaling rebased = Rebased(fitted, Shifted().schema(), plain);
    EXPECT_EQ(rebased.scale, fitted.scale);
    EXPECT_EQ(rebased.offset[0], fitted.offset[0] + 3) << Name(method);
    EXPECT_EQ(Rebased(fitted, Shifted().schema(), Shifted().schema()), fitted);
  }
}

TEST(ScalingTest, AutoTakesSmallIntegersForWhatTheyAre) {
  // Flags and ages fit into bytes, but are no pixels.
  const std::vector<uint8_t> values = {0, 18, 1, 99, 1, 45, 0, 30};
  Schema schema;
  schema.features = 2;
  const Dataset ages = Dataset::FromMemory(std::span<const uint8_t>(values),
                                           std::vector<uint32_t>{0, 1, 0, 1}, schema);
  EXPECT_EQ(FitScaling(Scale::kAuto, ages).method, Scale::kRobust);
}

TEST(ScalingTest, AutoIsUnitForPixelsAndRobustForFloats) {
  EXPECT_EQ(FitScaling(Scale::kAuto, Floats()).method, Scale::kRobust);
  const Dataset bytes = test::DigitsDataset(200, 1);
  EXPECT_EQ(FitScaling(Scale::kAuto, bytes).method, Scale::kUnit);
  for (const float value : Scaled(bytes, Scale::kAuto)) {
    ASSERT_GE(value, 0);
    ASSERT_LE(value, 1);
  }
}

TEST(ScalingTest, BytesCanBeStandardised) {
  const Dataset bytes = test::DigitsDataset(50, 1);
  const std::vector<float> values = Scaled(bytes, Scale::kStandard);
  double sum = 0;
  for (const float value : values) sum += static_cast<double>(value);
  EXPECT_NEAR(sum / static_cast<double>(values.size()), 0, 1e-5);
}

TEST(ScalingTest, RobustTakesMedianAndQuartiles) {
  // 0, 1, …, 8 and far away: numpy.quantile gives 2.25, 4.5, 6.75.
  std::vector<float> values;
  for (int e = 0; e < 9; ++e) values.push_back(static_cast<float>(e));
  values.push_back(1000);
  Schema schema;
  schema.features = 1;
  const Dataset data = Dataset::FromMemory(
      std::span<const float>(values), std::vector<uint32_t>{0, 1, 0, 1, 0, 1, 0, 1, 0, 1}, schema);
  const Scaling scaling = FitScaling(Scale::kRobust, data);
  EXPECT_FLOAT_EQ(scaling.offset[0], 4.5F);
  EXPECT_FLOAT_EQ(scaling.scale[0], 1 / 4.5F);
  const std::vector<float> scaled = Scaled(data, Scale::kRobust);
  const double z = 3.5 / 4.5;
  EXPECT_NEAR(scaled[8], z / std::sqrt(1 + z * z / 9), 1e-6);
  EXPECT_LT(scaled[9], 3);
  EXPECT_GT(scaled[9], 2.99);
}

TEST(ScalingTest, RobustTakesHalfTheRangeWhereTheQuartilesMeet) {
  const std::vector<float> values = {0, 0, 0, 0, 0, 0, 0, 10};
  Schema schema;
  schema.features = 1;
  const Dataset data = Dataset::FromMemory(std::span<const float>(values),
                                           std::vector<uint32_t>{0, 1, 0, 1, 0, 1, 0, 1}, schema);
  EXPECT_FLOAT_EQ(FitScaling(Scale::kRobust, data).scale[0], 0.2F);
}

TEST(ScalingTest, CategoriesAndIndicatorsStayZeroAndOne) {
  const std::vector<float> values = {1, 0, 5.5F, 0, 0, 1, 6, 1, 1, 0, 7, 0, 1, 0, 9, 0};
  Schema schema;
  schema.features = 4;
  schema.categorical = {{.name = "c", .first = 0, .categories = {"a", "b"}}};
  schema.indicators = {{.feature = 3, .of = 2}};
  const Dataset data = Dataset::FromMemory(std::span<const float>(values),
                                           std::vector<uint32_t>{0, 1, 0, 1}, schema);
  const std::vector<float> scaled = Scaled(data, Scale::kRobust);
  for (size_t e = 0; e < 4; ++e) {
    for (const size_t f : {0U, 1U, 3U}) EXPECT_EQ(scaled[4 * e + f], values[4 * e + f]);
  }
  const Scaling pieces = FitScaling(Scale::kRobust, data, Embedding::kPiecewise);
  EXPECT_TRUE(pieces.edges[0].empty() && pieces.edges[1].empty() && pieces.edges[3].empty());
  EXPECT_EQ(pieces.edges[2], (std::vector<float>{5.5F, 6, 7, 9}));
}

// 100 times 7, and 0, 1, …, 63: an edge at 7 and at the quantiles of the others.
TEST(ScalingTest, PiecesEndAtHeavyValuesAndQuantiles) {
  std::vector<float> values(100, 7);
  for (int e = 0; e < 65; ++e) values.push_back(static_cast<float>(2 * e));
  std::vector<uint32_t> labels(values.size());
  labels[0] = 1;
  Schema schema;
  schema.features = 1;
  const Dataset data = Dataset::FromMemory(std::span<const float>(values), labels, schema);
  const Scaling scaling = FitScaling(Scale::kRobust, data, Embedding::kPiecewise);
  std::vector<float> expected;
  for (int e = 0; e <= 32; ++e) expected.push_back(static_cast<float>(4 * e));
  expected.insert(expected.begin() + 2, 7);
  EXPECT_EQ(scaling.edges[0], expected);
  EXPECT_EQ(scaling.inputs(), 34);
  const BatchReader reader(data, scaling);
  OwnedMatrix batch(scaling.inputs(), 1);
  const uint32_t example = 105;  // 10
  reader.Read(&example, batch.view());
  const float* const inputs = batch.view().Column(0) + 1;
  EXPECT_EQ(inputs[0], 0) << "as at the median, 7";
  EXPECT_EQ(inputs[1], 0);
  EXPECT_EQ(inputs[2], 1);     // from 7 to 8
  EXPECT_EQ(inputs[3], 0.5F);  // from 8 to 12
  EXPECT_EQ(inputs[4], 0);
  EXPECT_EQ(inputs[32], 0);
}

TEST(ScalingTest, ANumberOfTwoValuesHasNoPieces) {
  const std::vector<float> values = {0, 1, 1, 0, 0, 1};
  Schema schema;
  schema.features = 1;
  const Dataset data = Dataset::FromMemory(std::span<const float>(values),
                                           std::vector<uint32_t>{0, 1, 0, 1, 0, 1}, schema);
  EXPECT_TRUE(FitScaling(Scale::kNone, data, Embedding::kPiecewise).edges.empty());
}

// Bytes in 64 features or more, from dark to bright.
Dataset Bytes(size_t features, uint8_t low, uint8_t high) {
  std::vector<float> values;
  std::vector<uint32_t> labels;
  for (size_t e = 0; e < 8; ++e) {
    for (size_t f = 0; f < features; ++f) {
      values.push_back((e + f) % 2 == 0 ? static_cast<float>(low) : static_cast<float>(high));
    }
    labels.push_back(e % 2);
  }
  Schema schema;
  schema.features = features;
  return Dataset::FromMemory(std::span<const float>(values), labels, schema);
}

TEST(ScalingTest, OnlyPicturesArePixels) {
  EXPECT_TRUE(LooksLikePixels(Bytes(64, 0, 255)));
  EXPECT_TRUE(LooksLikePixels(Bytes(784, 3, 180)));
  EXPECT_FALSE(LooksLikePixels(Bytes(36, 0, 255))) << "bands of light";
  EXPECT_FALSE(LooksLikePixels(Bytes(64, 40, 255))) << "never dark";
  EXPECT_FALSE(LooksLikePixels(Bytes(64, 0, 16))) << "counts";
}

}  // namespace
}  // namespace colonnade
