// SPDX-License-Identifier: Apache-2.0
#include "colonnade/train.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "colonnade/error.h"
#include "colonnade/evaluate.h"
#include "tests/support/datasets.h"
#include "tests/support/plain_options.h"
#include "tests/support/reference_network.h"

namespace colonnade {
namespace {

using ::testing::HasSubstr;

// The message of the Error that f throws, "" if none; its code must be as expected.
template <class F>
std::string MessageOf(ErrorCode code, const F& f) {
  try {
    f();
  } catch (const Error& error) {
    EXPECT_EQ(static_cast<int>(error.code()), static_cast<int>(code));
    return error.what();
  }
  return "";
}

TEST(TrainTest, LearnsDigits) {
  const Dataset train = test::DigitsDataset(3000, 1);
  const Dataset test = test::DigitsDataset(1000, 2);
  TrainOptions options;
  options.hidden = {64};
  options.epochs = 10;
  const TrainResult result = Train(train, options);
  EXPECT_EQ(result.epochs, 10u);
  EXPECT_EQ(result.steps, 10 * ((3000 + options.batch_size - 1) / options.batch_size));
  EXPECT_FALSE(result.stopped);
  EXPECT_GT(result.accuracy, 0.97);
  EXPECT_GT(Evaluate(result.model, test).accuracy, 0.90);
}

TEST(TrainTest, OneStepOfMomentumEqualsOneOfSgdAndTheSecondDiffers) {
  const Dataset data = test::RandomDataset(40, 6, 3, 5);
  TrainOptions options;
  options.hidden = {8};
  options.batch_size = 0;
  options.schedule = Schedule::kConstant;
  const auto train = [&](Optimizer optimizer, size_t epochs) {
    options.optimizer = optimizer;
    options.epochs = epochs;
    return Train(data, options).model.ParametersHash();
  };
  EXPECT_EQ(train(Optimizer::kSgd, 1), train(Optimizer::kMomentum, 1));
  EXPECT_NE(train(Optimizer::kSgd, 2), train(Optimizer::kMomentum, 2));
}

// How far the parameters of two models are from one another, relative to how far the second is from
// the start of both.
double RelativeDistance(const Model& model, const Model& other, const Model& start) {
  const std::vector<float> a = test::ParametersOf(model);
  const std::vector<float> b = test::ParametersOf(other);
  const std::vector<float> from = test::ParametersOf(start);
  double apart = 0;
  double moved = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    apart += std::pow(static_cast<double>(a[i]) - static_cast<double>(b[i]), 2);
    moved += std::pow(static_cast<double>(b[i]) - static_cast<double>(from[i]), 2);
  }
  return std::sqrt(apart / moved);
}

// Factors have 8 bits, terms cancel, and a unit near zero may fall on the other side of the ReLU: a
// step differs by some parts in a hundred.
TEST(TrainTest, OneStepInBf16IsNearlyThatInF32) {
  for (const Dataset& data : {test::DigitsDataset(200, 1), test::RandomDataset(201, 30, 4, 2)}) {
    TrainOptions options = test::PlainOptions();
    options.hidden = {40, 20};
    options.batch_size = 0;
    options.schedule = Schedule::kConstant;
    options.epochs = 1;
    options.learning_rate = 1e-6;
    const Model start = Train(data, options).model;
    options.learning_rate = 0.1;
    const Model f32 = Train(data, options).model;
    options.precision = Precision::kBf16;
    const Model bf16 = Train(data, options).model;
    const double distance = RelativeDistance(bf16, f32, start);
    EXPECT_LT(distance, 0.05);
    EXPECT_GT(distance, 1e-5) << "nothing was rounded";
  }
}

TEST(TrainTest, LearnsDigitsInBf16) {
  TrainOptions options;
  options.hidden = {64};
  options.epochs = 10;
  options.precision = Precision::kBf16;
  const TrainResult result = Train(test::DigitsDataset(3000, 1), options);
  EXPECT_GT(Evaluate(result.model, test::DigitsDataset(1000, 2)).accuracy, 0.90);
}

TEST(TrainTest, MiniBatchesAreReshuffledEachEpoch) {
  // With a rate too small to move a parameter, the loss of the first batch of an epoch tells which
  // examples it held.
  const Dataset data = test::RandomDataset(200, 4, 3, 5);
  TrainOptions options = test::PlainOptions();
  options.batch_size = 10;
  options.epochs = 3;
  options.learning_rate = 1e-30;
  std::vector<double> first_losses;
  std::vector<double> epoch_losses;
  options.on_progress = [&](const Progress& p) {
    if (p.step % 20 == 1) first_losses.push_back(p.loss);
    if (p.epoch_done) epoch_losses.push_back(p.loss);
    return true;
  };
  static_cast<void>(Train(data, options));
  ASSERT_EQ(first_losses.size(), 3u);
  EXPECT_NE(first_losses[0], first_losses[1]);
  EXPECT_NE(first_losses[1], first_losses[2]);
  EXPECT_NEAR(epoch_losses[0], epoch_losses[1], 1e-6) << "every example once in every epoch";
}

TEST(TrainTest, LastBatchMayBeSmaller) {
  const Dataset data = test::RandomDataset(25, 4, 3, 5);
  TrainOptions options;
  options.batch_size = 10;
  options.epochs = 1;
  std::vector<size_t> examples;
  options.on_progress = [&](const Progress& p) {
    examples.push_back(p.examples);
    return true;
  };
  EXPECT_EQ(Train(data, options).steps, 3u);
  EXPECT_THAT(examples, ::testing::ElementsAre(10, 20, 25));
}

TEST(TrainTest, DefaultEpochsGiveEnoughSteps) {
  TrainOptions options;
  options.batch_size = 100;
  EXPECT_EQ(options.EpochsFor(50), 200u) << "at most";
  EXPECT_EQ(options.EpochsFor(10'000), 25u) << "2500 steps";
  EXPECT_EQ(options.EpochsFor(10'001), 25u) << "a started batch is a step";
  EXPECT_EQ(options.EpochsFor(60'000), 5u) << "2500 steps or a few more";
  EXPECT_EQ(options.EpochsFor(1'000'000), 4u) << "at least";
  options.batch_size = 0;
  EXPECT_EQ(options.EpochsFor(1'000'000), 200u);
  options.epochs = 7;
  EXPECT_EQ(options.EpochsFor(50), 7u);
}

TEST(TrainTest, ProgressCountsAndCallbackStops) {
  const Dataset data = test::RandomDataset(100, 4, 3, 5);
  TrainOptions options;
  options.batch_size = 30;
  options.epochs = 5;
  options.ensemble = 1;
  options.on_progress = [&](const Progress& p) {
    EXPECT_EQ(p.epochs, 5u);
    EXPECT_EQ(p.steps, 20u);
    EXPECT_EQ(p.epoch, (p.step - 1) / 4 + 1);
    EXPECT_EQ(p.epoch_done, p.step % 4 == 0);
    return p.step < 6;
  };
  const TrainResult result = Train(data, options);
  EXPECT_TRUE(result.stopped);
  EXPECT_EQ(result.steps, 6u);
  EXPECT_EQ(result.epochs, 1u);
}

TEST(TrainTest, StartsFromAModel) {
  const Dataset data = test::RandomDataset(60, 4, 3, 5);
  TrainOptions options = test::PlainOptions();
  options.hidden = {7};
  options.batch_size = 0;
  options.optimizer = Optimizer::kSgd;
  options.schedule = Schedule::kConstant;
  options.epochs = 4;
  const Model whole = Train(data, options).model;
  options.epochs = 2;
  const Model half = Train(data, options).model;
  options.start = half;
  EXPECT_EQ(Train(data, options).model.ParametersHash(), whole.ParametersHash());
  options.hidden = {8};
  EXPECT_THAT(
      MessageOf(ErrorCode::kInvalidArgument, [&] { static_cast<void>(Train(data, options)); }),
      HasSubstr("found a model 4-7-3, expected 4-8-3"));
}

TEST(TrainTest, AcceptsOneExamplePerBatchAndBatchesLargerThanTheData) {
  const Dataset data = test::RandomDataset(5, 3, 2, 5);
  TrainOptions options;
  options.epochs = 2;
  options.batch_size = 1;
  EXPECT_EQ(Train(data, options).steps, 10u);
  options.batch_size = 1'000'000;
  EXPECT_EQ(Train(data, options).steps, 2u);
}

TEST(TrainTest, RejectsOptionsOutOfRange) {
  const Dataset data = test::RandomDataset(20, 4, 3, 5);
  const auto message = [&](const auto& change) {
    TrainOptions options;
    change(options);
    return MessageOf(ErrorCode::kInvalidArgument, [&] { static_cast<void>(Train(data, options)); });
  };
  EXPECT_EQ(message([](TrainOptions& o) { o.epochs = 2'000'000; }),
            "epochs: found 2000000, expected 1 to 1000000");
  EXPECT_THAT(message([](TrainOptions& o) { o.learning_rate = 0; }), HasSubstr("lr"));
  EXPECT_THAT(message([](TrainOptions& o) { o.learning_rate = -1; }), HasSubstr("found -1"));
  EXPECT_THAT(message([](TrainOptions& o) { o.learning_rate = std::nan(""); }),
              HasSubstr("lr: found nan"));
  EXPECT_THAT(message([](TrainOptions& o) { o.momentum = 1; }), HasSubstr("momentum"));
  EXPECT_THAT(message([](TrainOptions& o) { o.beta1 = 1; }), HasSubstr("beta1: found 1"));
  EXPECT_THAT(message([](TrainOptions& o) { o.beta2 = -0.1; }), HasSubstr("beta2"));
  EXPECT_THAT(message([](TrainOptions& o) { o.alpha = std::nan(""); }), HasSubstr("alpha"));
  EXPECT_THAT(message([](TrainOptions& o) { o.epsilon = 0; }), HasSubstr("epsilon: found 0"));
  EXPECT_THAT(message([](TrainOptions& o) { o.clip_norm = -1; }), HasSubstr("clip-norm"));
  EXPECT_THAT(message([](TrainOptions& o) { o.accumulate = 0; }), HasSubstr("accumulate"));
  EXPECT_EQ(message([](TrainOptions& o) {
              o.batch_size = 0;
              o.accumulate = 2;
            }),
            "accumulate: found 2, expected 1 with full batches");
  EXPECT_THAT(message([](TrainOptions& o) { o.lr_decay = 0; }), HasSubstr("decay: found 0"));
  EXPECT_THAT(message([](TrainOptions& o) { o.weight_decay = -1; }), HasSubstr("weight-decay"));
  EXPECT_THAT(message([](TrainOptions& o) { o.threads = -1; }), HasSubstr("threads"));
  EXPECT_FALSE(message([](TrainOptions& o) { o.hidden = {0}; }).empty());
  EXPECT_FALSE(message([](TrainOptions& o) { o.hidden = {size_t{1} << 40}; }).empty());
}

TEST(TrainTest, RejectsAWarmupThatNeverEnds) {
  const Dataset data = test::RandomDataset(20, 4, 3, 5);
  TrainOptions options = test::PlainOptions();
  options.batch_size = 10;
  options.epochs = 3;
  options.warmup = 6;
  EXPECT_EQ(
      MessageOf(ErrorCode::kInvalidArgument, [&] { static_cast<void>(Train(data, options)); }),
      "warmup: found 6 steps, expected fewer than the 6 of this training");
  options.warmup = 5;
  std::vector<double> rates;
  options.on_progress = [&](const Progress& p) {
    rates.push_back(p.learning_rate);
    return true;
  };
  static_cast<void>(Train(data, options));
  EXPECT_EQ(rates.size(), 6u);
  EXPECT_DOUBLE_EQ(rates[0], 0.15 / 6);
  EXPECT_DOUBLE_EQ(rates[4], 0.15 * 5 / 6);
  EXPECT_EQ(rates[5], 0.15);
}

TEST(TrainTest, RejectsDataWithOneClass) {
  const Dataset data = test::RandomDataset(20, 4, 1, 5);
  EXPECT_THAT(MessageOf(ErrorCode::kBadData, [&] { static_cast<void>(Train(data)); }),
              HasSubstr("found 1 class in the label column, expected at least 2"));
}

TEST(TrainTest, RejectsNetworksThatTheMachineCannotHold) {
  const Dataset data = test::RandomDataset(20, 4, 3, 5);
  TrainOptions options;
  options.hidden = std::vector<size_t>(4, size_t{1} << 20);
  EXPECT_THAT(
      MessageOf(ErrorCode::kInvalidArgument, [&] { static_cast<void>(Train(data, options)); }),
      HasSubstr("GiB of this machine"));
}

TEST(TrainTest, DivergenceIsAnErrorAndNotAModel) {
  const Dataset data = test::RandomDataset(200, 20, 3, 5);
  TrainOptions options;
  options.learning_rate = 1e6;
  options.epochs = 100;
  EXPECT_THAT(MessageOf(ErrorCode::kDiverged, [&] { static_cast<void>(Train(data, options)); }),
              HasSubstr("try a lower learning rate"));
}

TEST(TrainTest, ClassicPresetIsTheRunTheProjectStartsFrom) {
  const TrainOptions classic = TrainOptions::Classic();
  EXPECT_THAT(*classic.hidden, ::testing::ElementsAre(10));
  EXPECT_EQ(classic.batch_size, 0u);
  EXPECT_EQ(classic.epochs, 1000u);
  EXPECT_EQ(classic.learning_rate, 0.05);
  EXPECT_EQ(classic.init, Initialization::kUniform);
  EXPECT_EQ(classic.optimizer, Optimizer::kSgd);
  EXPECT_EQ(classic.schedule, Schedule::kConstant);
}

}  // namespace
}  // namespace colonnade
