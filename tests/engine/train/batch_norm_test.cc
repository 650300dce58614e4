// SPDX-License-Identifier: Apache-2.0
// What batch normalisation is in a training: its statistics, and what does not go with it.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "colonnade/error.h"
#include "colonnade/evaluate.h"
#include "colonnade/split.h"
#include "colonnade/train.h"
#include "colonnade/trainer.h"
#include "engine/model/initialization.h"
#include "engine/train/learner.h"
#include "tests/support/datasets.h"
#include "tests/support/errors.h"
#include "tests/support/plain_options.h"
#include "tests/support/reference_network.h"

namespace colonnade {
namespace {

TrainOptions Normalised() {
  TrainOptions options = test::PlainOptions();
  options.hidden = {12};
  options.batch_norm = true;
  options.batch_size = 20;
  options.epochs = 1;
  options.scale = Scale::kNone;
  return options;
}

TEST(BatchNormTest, LearnsDigits) {
  TrainOptions options;
  options.batch_norm = true;
  options.hidden = {64, 32};
  options.epochs = 12;
  const TrainResult result = Train(test::DigitsDataset(2000, 1), options);
  EXPECT_GT(Evaluate(result.model, test::DigitsDataset(500, 2)).accuracy, 0.9);
}

// From 0 and 1, by a tenth of the statistics of the batch.
TEST(BatchNormTest, RunningStatisticsAreThoseOfTheBatches) {
  const Dataset data = test::RandomDataset(50, 6, 3, 5);
  TrainOptions options = Normalised();
  options.batch_size = 0;
  options.learning_rate = 1e-30;
  const Model model = Train(data, options).model;
  const std::vector<double> inputs = test::ScaledValues(data, model.scaling());
  const LayerParameters layer = model.parameters(0);
  for (size_t o = 0; o < 12; ++o) {
    std::vector<double> z(50);
    double mean = 0;
    for (size_t e = 0; e < 50; ++e) {
      for (size_t i = 0; i < 6; ++i) {
        z[e] += static_cast<double>(layer.weight[o * 6 + i]) * inputs[e * 6 + i];
      }
      mean += z[e] / 50;
    }
    double variance = 0;
    for (const double value : z) variance += (value - mean) * (value - mean) / 49;
    EXPECT_NEAR(static_cast<double>(layer.running_mean[o]), 0.1 * mean, 1e-6);
    EXPECT_NEAR(static_cast<double>(layer.running_variance[o]), 0.9 + 0.1 * variance, 1e-6);
  }
}

TEST(BatchNormTest, BatchesOfMoreThanAChunkAreNormalisedAsAWhole) {
  const Dataset data = test::RandomDataset(1500, 6, 3, 5);
  TrainOptions options = Normalised();
  options.batch_size = 0;
  const Model start = Train(data, options).model;
  options.start = start;
  const test::ReferenceNetwork reference(start);
  const std::vector<uint32_t> labels(data.labels().begin(), data.labels().end());
  EXPECT_NEAR(Train(data, options).loss,
              reference.Loss(test::ScaledValues(data, start.scaling()), labels), 1e-6);
}

// A batch of one has no variance.
TEST(BatchNormTest, ABatchOfOneTakesAndKeepsTheRunningStatistics) {
  const Dataset data = test::RandomDataset(41, 6, 3, 5);
  TrainOptions options = Normalised();
  Trainer trainer(data, options);
  trainer.Fit(data);
  const Model before = trainer.model();
  const Dataset one = test::RandomDataset(1, 6, 3, 9);
  const FitResult fit = trainer.Fit(one);
  const Model after = trainer.model();
  EXPECT_NEAR(fit.loss, Evaluate(before, one).loss, 1e-5);
  EXPECT_EQ(after.parameters(0).running_mean, before.parameters(0).running_mean);
  EXPECT_EQ(after.parameters(0).running_variance, before.parameters(0).running_variance);
  EXPECT_NE(after.parameters(0).gamma, before.parameters(0).gamma);
  EXPECT_NE(after.parameters(0).weight, before.parameters(0).weight);
}

TEST(BatchNormTest, TheBestEpochKeepsItsStatistics) {
  const Split split = SplitStratified(test::RandomDataset(120, 8, 3, 5), 0.5, 1);
  TrainOptions options = Normalised();
  options.hidden = {32};
  options.epochs = 40;
  options.validation_data = split.validation;
  options.early_stopping = 5;
  std::vector<double> losses;
  options.on_progress = [&](const Progress& p) {
    if (p.epoch_done) losses.push_back(p.validation->loss);
    return true;
  };
  const TrainResult result = Train(split.train, options);
  ASSERT_EQ(result.reason, StopReason::kEarlyStopping);
  ASSERT_LT(result.best_epoch, losses.size());
  EXPECT_EQ(Evaluate(result.model, split.validation).loss, losses[result.best_epoch - 1]);
}

TEST(BatchNormTest, StartsFromAModelWithItsStatistics) {
  const Dataset data = test::RandomDataset(60, 6, 3, 5);
  TrainOptions options = Normalised();
  const Model model = Train(data, options).model;
  options.start = model;
  EXPECT_EQ(Trainer(data, options).model().ParametersHash(), model.ParametersHash());
  options.batch_norm = false;
  test::ExpectError(ErrorCode::kInvalidArgument,
                    "start: found a model 6-12-3 of other activations, outputs or batch "
                    "normalisation, expected 6-12-3",
                    [&] { static_cast<void>(Train(data, options)); });
}

TEST(BatchNormTest, RunningStatisticsThatAreNotFiniteAreADivergence) {
  NetworkShape shape = NetworkShape::Mlp(3, std::vector<size_t>{4}, 2);
  shape.layers[0].batch_norm = true;
  std::vector<DenseParameters> layers = HeParameters(shape, 1);
  EXPECT_TRUE(AreFinite(layers));
  layers[0].running_variance.view().data[2] = std::numeric_limits<float>::infinity();
  EXPECT_FALSE(AreFinite(layers));
}

TEST(BatchNormTest, RefusesWhatCannotBeMeant) {
  const Dataset data = test::RandomDataset(60, 6, 3, 5);
  const auto expect = [&](const std::string& problem, const TrainOptions& options) {
    test::ExpectError(ErrorCode::kInvalidArgument, problem, [&] { options.Check(); });
    test::ExpectError(ErrorCode::kInvalidArgument, problem,
                      [&] { static_cast<void>(Train(data, options)); });
  };
  TrainOptions options = Normalised();
  options.hidden = {};
  expect("batch-norm: found on, expected hidden layers to go with it", options);
  options = Normalised();
  options.batch_norm = {true, false};
  expect("batch-norm: found 2 values, expected one value, or one for each of the 1 hidden layers",
         options);
  options = Normalised();
  options.batch_size = 1;
  expect(
      "batch-size: found 1, expected at least 2 with batch normalisation: one example has no "
      "variance",
      options);
  options.batch_norm = {false};  // which overrides batch_norm
  EXPECT_NO_THROW(options.Check());
  options = Normalised();
  options.precision = Precision::kBf16;
  expect("precision: found bf16, expected f32 with batch normalisation", options);
}

}  // namespace
}  // namespace colonnade
