// SPDX-License-Identifier: Apache-2.0
#include "colonnade/trainer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "colonnade/error.h"
#include "colonnade/evaluate.h"
#include "tests/support/datasets.h"
#include "tests/support/errors.h"
#include "tests/support/plain_options.h"

namespace colonnade {
namespace {

TEST(TrainerTest, RepeatedFitsAreATraining) {
  const Dataset data = test::DigitsDataset(300, 1);
  for (const size_t batch_size : {32u, 0u}) {
    for (const Optimizer optimizer :
         {Optimizer::kMomentum, Optimizer::kAdam, Optimizer::kScheduleFree}) {
      TrainOptions options;
      options.hidden = {20};
      options.batch_size = batch_size;
      options.optimizer = optimizer;
      options.schedule = Schedule::kConstant;
      options.epochs = 3;
      options.batch_norm = optimizer == Optimizer::kAdam;
      options.ema = optimizer == Optimizer::kAdam ? 0.9 : 0;
      const TrainResult expected = Train(data, options);
      Trainer trainer(data, options);
      FitResult fit;
      for (int epoch = 0; epoch < 3; ++epoch) fit = trainer.Fit(data);
      EXPECT_EQ(trainer.model().ParametersHash(), expected.model.ParametersHash());
      EXPECT_EQ(fit.loss, expected.loss);
      EXPECT_EQ(fit.accuracy, expected.accuracy);
      EXPECT_EQ(fit.steps, expected.steps / 3);
    }
  }
}

TEST(TrainerTest, LearnsFromPieces) {
  TrainOptions options;
  options.hidden = {48};
  options.optimizer = Optimizer::kAdam;
  Trainer trainer(test::DigitsDataset(100, 100), options);
  const Model before = trainer.model();
  for (uint64_t piece = 0; piece < 30; ++piece) trainer.Fit(test::DigitsDataset(90 + piece, piece));
  const Dataset test = test::DigitsDataset(500, 1000);
  EXPECT_GT(Evaluate(trainer.model(), test).accuracy, 0.65);
  EXPECT_LT(Evaluate(before, test).accuracy, 0.4) << "a model that was taken changed";
}

TEST(TrainerTest, StartsFromAModelWithItsScaling) {
  const Dataset data = test::RandomDataset(60, 4, 3, 5);
  TrainOptions options;
  options.hidden = {7};
  options.epochs = 3;
  const Model model = Train(data, options).model;
  options.start = model;
  const Dataset other = test::RandomDataset(50, 4, 3, 6);
  Trainer trainer(other, options);
  EXPECT_EQ(trainer.model().ParametersHash(), model.ParametersHash());
  EXPECT_EQ(trainer.model().scaling(), model.scaling());
  options.scale = Scale::kMinMax;
  EXPECT_NE(Trainer(other, options).model().scaling(), model.scaling());
}

TEST(TrainerTest, LearningRateCanBeChanged) {
  const Dataset data = test::RandomDataset(60, 4, 3, 5);
  const auto hash_at = [&](double rate) {
    Trainer trainer(data, test::PlainOptions());
    trainer.SetLearningRate(rate);
    trainer.Fit(data);
    return trainer.model().ParametersHash();
  };
  Trainer plain(data, test::PlainOptions());
  plain.Fit(data);
  EXPECT_EQ(hash_at(0.15), plain.model().ParametersHash());
  EXPECT_NE(hash_at(0.1), hash_at(0.15));
  EXPECT_THROW(hash_at(0), Error);
}

TEST(TrainerTest, RefusesDataThatDoNotFit) {
  Trainer trainer(test::RandomDataset(60, 4, 3, 5));
  test::ExpectError(ErrorCode::kBadData, "data: found 5 features, expected 4",
                    [&] { trainer.Fit(test::RandomDataset(10, 5, 3, 5)); });
  test::ExpectError(ErrorCode::kBadData, "data: found class index 3, expected at most 2",
                    [&] { trainer.Fit(test::RandomDataset(10, 4, 4, 5)); });
}

TEST(TrainerTest, DivergenceIsAnError) {
  TrainOptions options;
  options.hidden = {64, 64, 64};
  options.learning_rate = 1e6;
  const Dataset data = test::RandomDataset(200, 20, 3, 5);
  Trainer trainer(data, options);
  EXPECT_THROW(
      {
        for (int i = 0; i < 1000; ++i) trainer.Fit(data);
      },
      Error);
}

}  // namespace
}  // namespace colonnade
