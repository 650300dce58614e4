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

TEST(ScalingTest, ATargetScalingIsRebasedForAnotherOffset) {
  const TargetScaling scaling = {.offset = 5, .scale = 2};
  const TargetScaling rebased = Rebased(scaling, {.features = 1, .target_offset = 1e9},
                                        {.features = 1, .target_offset = 1e9 - 7});
  EXPECT_EQ(rebased, (TargetScaling{.offset = 12, .scale = 2}));
}

TEST(ScalingTest, AutoTakesSmallIntegersForWhatTheyAre) {
  // Flags and ages fit into bytes, but are no pixels.
  const std::vector<uint8_t> values = {0, 18, 1, 99, 1, 45, 0, 30};
  Schema schema;
  schema.features = 2;
  const Dataset ages = Dataset::FromMemory(std::span<const uint8_t>(values),
                                           std::vector<uint32_t>{0, 1, 0, 1}, schema);
  EXPECT_EQ(FitScaling(Scale::kAuto, ages).method, Scale::kStandard);
}

TEST(ScalingTest, AutoIsUnitForPixelsAndStandardForFloats) {
  EXPECT_EQ(FitScaling(Scale::kAuto, Floats()).method, Scale::kStandard);
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

}  // namespace
}  // namespace colonnade
