// SPDX-License-Identifier: Apache-2.0
#include "engine/data/scaling.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "colonnade/error.h"
#include "tests/support/datasets.h"

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
