// SPDX-License-Identifier: Apache-2.0
// What nobody chose follows the data.
#include <gtest/gtest.h>

#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "colonnade/error.h"
#include "colonnade/options.h"
#include "colonnade/train.h"
#include "tests/support/random.h"

namespace colonnade {
namespace {

Dataset Table(size_t examples) {
  test::Random random(examples);
  std::vector<float> values;
  std::vector<uint32_t> labels;
  for (size_t e = 0; e < examples; ++e) {
    const auto x = static_cast<float>(random.Uniform(-1, 1));
    values.insert(values.end(), {x, static_cast<float>(random.Uniform(0, 9)), 1e5F * x});
    labels.push_back(x > 0 ? 1 : 0);
  }
  Schema schema;
  schema.features = 3;
  return Dataset::FromMemory(std::span<const float>(values), labels, schema);
}

Dataset Pictures() {
  std::vector<float> values;
  std::vector<uint32_t> labels;
  for (size_t e = 0; e < 6000; ++e) {
    for (size_t f = 0; f < 64; ++f) values.push_back((e + f) % 2 == 0 ? 0.0F : 255.0F);
    labels.push_back(e % 2);
  }
  Schema schema;
  schema.features = 64;
  return Dataset::FromMemory(std::span<const float>(values), labels, schema);
}

std::string Text(const TrainOptions& options, const char* name) {
  return OptionText(options, name);
}

TEST(RecipeTest, PicturesKeepWhatServesThem) {
  const TrainOptions options = TrainOptions().Resolve(Pictures());
  EXPECT_EQ(Text(options, "optimizer"), "momentum");
  EXPECT_EQ(Text(options, "lr"), "0.15");
  EXPECT_EQ(Text(options, "dropout"), "0");
  EXPECT_EQ(Text(options, "activation"), "relu");
  EXPECT_EQ(Text(options, "weight-decay"), "0");
  EXPECT_EQ(Text(options, "embed"), "none");
  EXPECT_EQ(options.validation, 0);
}

TEST(RecipeTest, TablesGoBySize) {
  const TrainOptions few = TrainOptions().Resolve(Table(1000));
  EXPECT_EQ(Text(few, "optimizer"), "adamw");
  EXPECT_EQ(Text(few, "embed"), "ple");
  EXPECT_EQ(Text(few, "embed-pieces"), "8");
  EXPECT_EQ(few.validation, 0);
  EXPECT_EQ(*few.ensemble, 5U);
  EXPECT_TRUE(few.HasFolds());
  EXPECT_GT(*few.early_stopping, 0U);
  const TrainOptions many = TrainOptions().Resolve(Table(5000));
  EXPECT_EQ(Text(many, "optimizer"), "adamw");
  EXPECT_EQ(Text(many, "embed"), "ple");
  EXPECT_EQ(Text(many, "embed-pieces"), "10");
  EXPECT_EQ(many.validation, 0);
  EXPECT_EQ(*many.ensemble, 4U);
  EXPECT_TRUE(many.HasFolds());
  EXPECT_GT(*many.early_stopping, 0U);
}

TEST(RecipeTest, OneNetworkWhereFoldsCannotBe) {
  const auto members = [](const TrainOptions& options, const Dataset& data) {
    const TrainOptions resolved = options.Resolve(data);
    EXPECT_FALSE(resolved.HasFolds());
    EXPECT_NE(resolved.embed, Embedding::kAuto);
    return *resolved.ensemble;
  };
  EXPECT_EQ(members({}, Table(99)), 1U) << "too few examples";
  const size_t classes = 120;
  std::vector<uint32_t> labels(classes);
  std::iota(labels.begin(), labels.end(), 0U);
  Schema schema;
  schema.features = 1;
  const std::vector<float> values(classes, 1);
  EXPECT_EQ(members({}, Dataset::FromMemory(std::span<const float>(values), labels, schema)), 1U)
      << "no class has enough of them";
  TrainOptions options;
  options.profile = true;
  EXPECT_THROW(static_cast<void>(options.Resolve(Table(1000))), Error) << "which network's?";
  options = {};
  const Dataset unlabelled =
      Dataset::FromMemory(std::span<const float>(values), Labels(), {.features = 1});
  EXPECT_THROW(static_cast<void>(Train(unlabelled, options)), Error);
  options.validation = 0.0;
  EXPECT_EQ(members(options, Table(1000)), 1U);
  EXPECT_EQ(*options.Resolve(Table(1000)).early_stopping, 0U);
  EXPECT_EQ(options.Resolve(Table(1000)).embed, Embedding::kNone);
  options = {};
  options.validation_data = Table(100);
  EXPECT_EQ(members(options, Table(1000)), 1U);
  EXPECT_GT(*options.Resolve(Table(1000)).early_stopping, 0U);
}

// Where nothing else is said of it, a chosen number of networks has folds, too.
TEST(RecipeTest, AChosenEnsembleHasFolds) {
  TrainOptions options;
  options.ensemble = 3;
  EXPECT_TRUE(options.Resolve(Table(1000)).HasFolds());
  options.validation = 0.2;
  EXPECT_FALSE(options.Resolve(Table(1000)).HasFolds());
}

TEST(RecipeTest, WhatNoNetworkSawIsValidatedOn) {
  TrainOptions options;
  options.epochs = 3;
  const TrainResult result = Train(Table(5000), options);
  EXPECT_TRUE(result.out_of_fold);
  EXPECT_EQ(result.model.members(), 4U);
  ASSERT_TRUE(result.validation);
  EXPECT_EQ(result.validation->examples, 5000U);
}

TEST(RecipeTest, ALargeTableForOneNetworkIsHeldOutOfAndStopsAtItsBest) {
  TrainOptions options;
  options.epochs = 3;
  options.ensemble = 1;
  const TrainResult result = Train(Table(5000), options);
  ASSERT_TRUE(result.validation);
  EXPECT_EQ(result.validation->examples, 750U);
  EXPECT_GT(result.best_epoch, 0U);
  EXPECT_GT(result.model.shape().inputs(), result.model.schema().features);
  EXPECT_EQ(result.options.validation, 0.15);
}

}  // namespace
}  // namespace colonnade
