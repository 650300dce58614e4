// SPDX-License-Identifier: Apache-2.0
// Scale::kQuantile.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "colonnade/csv.h"
#include "engine/data/scaling.h"
#include "tests/support/golden.h"
#include "tests/support/targets.h"
#include "tests/support/temp_dir.h"

// Designated initializers leave the other members at their defaults, which is the point of them.
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

namespace colonnade {
namespace {

template <class T>
Dataset TableOf(const std::vector<T>& values, Schema schema) {
  const std::vector<float> targets(values.size() / schema.features);
  return Dataset::FromMemory(std::span<const T>(values), targets, std::move(schema));
}

// Those of one example after the other.
std::vector<float> InputsOf(const Dataset& data, const Scaling& scaling) {
  const BatchReader reader(data, scaling);
  OwnedMatrix batch(scaling.inputs(), data.examples());
  std::vector<uint32_t> indices(data.examples());
  std::iota(indices.begin(), indices.end(), 0U);
  reader.Read(indices.data(), batch.view());
  std::vector<float> inputs;
  for (size_t e = 0; e < data.examples(); ++e) {
    const float* const column = batch.view().Column(e);
    inputs.insert(inputs.end(), column, column + scaling.inputs());
  }
  return inputs;
}

std::vector<float> ScoresOf(const std::vector<float>& fitted, const std::vector<float>& asked) {
  const Scaling scaling = FitScaling(Scale::kQuantile, TableOf(fitted, {.features = 1}));
  return InputsOf(TableOf(asked, {.features = 1}), scaling);
}

TEST(QuantileScalingTest, IsThatOfScikitLearn) {
  const test::GoldenFile golden("quantiles.safetensors");
  const size_t columns = golden.meta()["columns"].size();
  for (const std::string name : {"few", "many"}) {
    const Dataset fitted = TableOf(golden.Values<float>(name + ".fitted"), {.features = columns});
    const Dataset asked = TableOf(golden.Values<float>(name + ".asked"), {.features = columns});
    const std::vector<double> scores = golden.Values<double>(name + ".scores");
    const Scaling scaling = FitScaling(Scale::kQuantile, fitted);
    const std::vector<float> first = InputsOf(asked, scaling);
    ASSERT_EQ(first.size(), scores.size());
    for (size_t i = 0; i < scores.size(); ++i) {
      ASSERT_NEAR(first[i], scores[i], 1e-5)
          << name << ", column " << golden.meta()["columns"][i % columns] << ", " << i / columns;
    }
    test::ForEachTarget([&] { EXPECT_EQ(InputsOf(asked, scaling), first); });
  }
}

TEST(QuantileScalingTest, ManyWithOneValueHaveTheMiddleOfTheirRanks) {
  // Ranks 0, 0.125, …: 2 has 0.25 to 0.75.
  const std::vector<float> scores = ScoresOf({0, 1, 2, 2, 2, 2, 2, 3, 4}, {2, 1.5F, 0, 4, -9, 9});
  EXPECT_EQ(scores[0], 0);
  EXPECT_NEAR(scores[1], -0.887147, 1e-5);  // of rank 0.1875
  for (const size_t low : {2U, 4U}) EXPECT_NEAR(scores[low], -5.199338, 1e-5);
  for (const size_t high : {3U, 5U}) EXPECT_NEAR(scores[high], 5.199338, 1e-5);
}

TEST(QuantileScalingTest, AConstantOrUselessFeatureIsZero) {
  for (const std::vector<float>& fitted :
       std::vector<std::vector<float>>{{7, 7, 7}, {7}, {-3e38F, 0, 3e38F}, {0, 1e-39F}}) {
    const std::vector<float> scores = ScoresOf(fitted, {7, -1, 1e30F, 1e-39F});
    EXPECT_EQ(scores, std::vector<float>(4)) << fitted[0];
  }
}

TEST(QuantileScalingTest, FarApartOrCloseTogetherAreFinite) {
  const std::vector<float> numbers = {-4e37F, -1e20F, 0, 2e-38F, 4e-38F, 1, 1e20F, 4e37F};
  const std::vector<float> scores =
      ScoresOf(numbers, {-3e38F, -2e37F, 1e-38F, 3e-38F, 2e37F, 3e38F});
  for (const float score : scores) EXPECT_LE(std::abs(score), 5.2F);
}

TEST(QuantileScalingTest, BytesHaveRanksToo) {
  const std::vector<uint8_t> bytes = {0, 3, 7, 255, 9};
  const Dataset data = TableOf(bytes, {.features = 1});
  ASSERT_EQ(data.element_type(), ElementType::kU8);
  const Scaling scaling = FitScaling(Scale::kQuantile, data);
  EXPECT_EQ(InputsOf(data, scaling), ScoresOf({0, 3, 7, 255, 9}, {0, 3, 7, 255, 9}));
  EXPECT_EQ(CommonScale(data, scaling), 0);
}

// Of a table: what is missing becomes the mean and is told by a flag.
TEST(QuantileScalingTest, FlagsAndMissingValuesAreAsForRobust) {
  const test::TempDir dir;
  dir.WriteFile("t.csv", "n,c,y\n1,a,0.5\n,b,1.5\n3,a,2.5\n8,b,3.5\n4,a,5.5\n");
  const Dataset data = ReadCsv(dir / "t.csv", {.label_column = "y", .categorical = {"c"}});
  const Schema& schema = data.schema();
  ASSERT_EQ(schema.indicators.size(), 1U);
  ASSERT_EQ(schema.categorical.size(), 1U);
  const Scaling scaling = FitScaling(Scale::kQuantile, data);
  const Scaling robust = FitScaling(Scale::kRobust, data);
  const std::vector<float> scores = InputsOf(data, scaling);
  const std::vector<float> flags = InputsOf(data, robust);
  ASSERT_EQ(scaling.quantiles.size(), schema.features);
  const size_t number = schema.indicators[0].of;
  for (size_t f = 0; f < schema.features; ++f) {
    EXPECT_EQ(scaling.quantiles[f].empty(), f != number) << f;
    for (size_t e = 0; e < 5 && f != number; ++e) {
      EXPECT_EQ(scores[e * schema.features + f], flags[e * schema.features + f]);
    }
  }
  EXPECT_EQ(scores[2 * schema.features + number], -0.67448974F) << "a rank of 1/4";
  EXPECT_LT(std::abs(scores[schema.features + number]), 0.68F) << "of what stands for it";
}

TEST(QuantileScalingTest, PiecesAndRanksGoTogether) {
  const Dataset data = TableOf(std::vector<float>{1, 2, 3, 4, 50}, {.features = 1});
  const Scaling both = FitScaling(Scale::kQuantile, data, Embedding::kPiecewise);
  ASSERT_EQ(both.pieces(), 4U);
  const std::vector<float> inputs = InputsOf(data, both);
  const std::vector<float> scores = ScoresOf({1, 2, 3, 4, 50}, {1, 2, 3, 4, 50});
  for (size_t e = 0; e < 5; ++e) EXPECT_EQ(inputs[5 * e], scores[e]);
  EXPECT_EQ(inputs[5 * 3 + 3], 1) << "the piece from 3 to 4";
}

TEST(QuantileScalingTest, IsRebasedForOtherOffsets) {
  const Schema shifted = {.features = 1, .offsets = {1000}};
  const std::vector<float> values = {1001, 1002, 1004, 1008};
  const Dataset of_shifted = TableOf(values, shifted);
  const Scaling scaling = FitScaling(Scale::kQuantile, of_shifted);
  const Dataset plain = TableOf(values, {.features = 1});
  EXPECT_EQ(InputsOf(plain, Rebased(scaling, shifted, plain.schema())),
            InputsOf(of_shifted, scaling));
}

}  // namespace
}  // namespace colonnade
