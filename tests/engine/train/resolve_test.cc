// SPDX-License-Identifier: Apache-2.0
// Options as they are in force.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "colonnade/options.h"
#include "colonnade/split.h"
#include "colonnade/train.h"
#include "tests/support/datasets.h"
#include "tests/support/errors.h"
#include "tests/support/plain_options.h"
#include "tests/support/temp_dir.h"

namespace colonnade {
namespace {

using test::ExpectError;

class ResolveTest : public ::testing::Test {
 protected:
  static TrainOptions Small() {
    TrainOptions options = test::PlainOptions();
    options.hidden = {8};
    options.epochs = 4;
    options.batch_size = 32;
    options.threads = 1;
    return options;
  }

  const Dataset data_ = test::RandomDataset(150, 5, 3, 1);
  const Dataset numbers_ = test::RandomTargets(150, 5, 1);
};

TEST_F(ResolveTest, DecidesWhatIsLeftOpen) {
  const TrainOptions open;
  const TrainOptions classes = open.Resolve(data_);
  EXPECT_EQ(classes.loss, Loss::kCrossEntropy);
  EXPECT_EQ(classes.learning_rate, 0.004);
  EXPECT_EQ(classes.weight_decay, 0.2);
  EXPECT_EQ(classes.epochs, 1000u);
  const TrainOptions numbers = open.Resolve(numbers_);
  EXPECT_EQ(numbers.loss, Loss::kSquared);
  EXPECT_EQ(numbers.learning_rate, 0.004);
  TrainOptions adamw;
  adamw.optimizer = Optimizer::kAdamW;
  adamw.batch_size = 1;
  EXPECT_EQ(adamw.Resolve(data_).learning_rate, 0.001);
  EXPECT_EQ(adamw.Resolve(data_).weight_decay, 0.01);
  EXPECT_EQ(adamw.Resolve(data_).epochs, 33u) << "5000 steps of 150 an epoch";
}

TEST_F(ResolveTest, KeepsWhatIsSet) {
  TrainOptions options = Small();
  options.optimizer = Optimizer::kAdamW;
  options.loss = Loss::kCrossEntropy;
  options.learning_rate = 0.5;
  options.weight_decay = 0;
  options.beta2 = 0.9;
  options.schedule = Schedule::kStep;
  options.class_weight = {.values = {1, 2, 3}};
  for (const Option& option : OptionsOf<TrainOptions>()) {
    EXPECT_EQ(OptionText(options.Resolve(data_), option.info.name),
              OptionText(options, option.info.name));
  }
  // What is in force stays so.
  const TrainOptions resolved = TrainOptions().Resolve(data_);
  for (const Option& option : OptionsOf<TrainOptions>()) {
    EXPECT_EQ(OptionText(resolved.Resolve(data_), option.info.name),
              OptionText(resolved, option.info.name));
  }
}

TEST_F(ResolveTest, ReadsClassWeights) {
  const test::TempDir dir;
  TrainOptions options = Small();
  options.class_weight.file = dir.WriteFile("weights.csv", "class,weight\n2,0.5\n0,3\n1,1\n");
  const ClassWeights weights = options.Resolve(data_).class_weight;
  EXPECT_EQ(weights.values, (std::vector<double>{3, 1, 0.5}));
  EXPECT_TRUE(weights.file.empty());
  TrainOptions by_value = Small();
  by_value.class_weight = {.balanced = false, .values = {3, 1, 0.5}, .file = {}};
  EXPECT_EQ(Train(data_, options).model.ParametersHash(),
            Train(data_, by_value).model.ParametersHash());
  EXPECT_NE(Train(data_, options).model.ParametersHash(),
            Train(data_, Small()).model.ParametersHash());
  const std::string named = "\"weight\";\"class\"\n3;\"0\"\n1;1.0\n0,5;+2\n";
  options.class_weight.file = dir.WriteFile("named.csv", named);
  EXPECT_EQ(options.Resolve(data_).class_weight.values, weights.values);
  options.class_weight.file = dir / "none.csv";
  try {
    static_cast<void>(options.Resolve(data_));
    ADD_FAILURE() << "nothing thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kIo);
  }
}

TEST_F(ResolveTest, RefusesWhatDoesNotGoTogether) {
  TrainOptions options = Small();
  options.loss = Loss::kHuber;
  EXPECT_THROW(static_cast<void>(options.Resolve(data_)), Error);
  options = Small();
  options.target_accuracy = 0.5;
  ExpectError(ErrorCode::kInvalidArgument,
              "target-accuracy: found 0.5 for numbers, expected classes",
              [&] { static_cast<void>(options.Resolve(numbers_)); });
  options = Small();
  options.epochs = 2'000'000;
  ExpectError(ErrorCode::kInvalidArgument, "epochs: found 2000000, expected 1 to 1000000",
              [&] { static_cast<void>(options.Resolve(data_)); });
}

TEST_F(ResolveTest, RefusesOptionsThatAnOptimizerOrAScheduleHasNoUseFor) {
  TrainOptions options = Small();
  options.optimizer = Optimizer::kScheduleFree;
  EXPECT_EQ(options.Resolve(data_).schedule, Schedule::kConstant);
  options.ema = 0.9;
  ExpectError(ErrorCode::kInvalidArgument,
              "ema: found 0.9 with the optimizer schedule-free, expected 0: it averages by itself",
              [&] { options.Check(); });
  options.ema = 0;
  options.beta1 = 0;
  ExpectError(ErrorCode::kInvalidArgument,
              "beta1: found 0 with the optimizer schedule-free, expected a number above 0",
              [&] { options.Check(); });
  options = Small();
  options.schedule = Schedule::kCosLog;
  options.warmup = 3;
  ExpectError(ErrorCode::kInvalidArgument,
              "warmup: found 3 with the schedule coslog, expected 0: the schedule begins at rate 0 "
              "by itself",
              [&] { options.Check(); });
}

TEST_F(ResolveTest, ResultsHaveTheOptionsThatWereInForce) {
  TrainOptions options;
  options.hidden = {8};
  options.epochs = 3;
  options.optimizer = Optimizer::kAdamW;
  options.on_progress = [](const Progress&) { return true; };
  options.on_checkpoint = [](std::string_view) {};
  const TrainResult result = Train(data_, options);
  EXPECT_EQ(result.options.loss, Loss::kCrossEntropy);
  EXPECT_EQ(result.options.learning_rate, 0.001);
  EXPECT_EQ(result.options.weight_decay, 0.01);
  EXPECT_EQ(result.options.scale, result.model.scaling().method);
  EXPECT_NE(result.options.scale, Scale::kAuto);
  // What they refer to may be gone.
  EXPECT_FALSE(result.options.on_progress);
  EXPECT_FALSE(result.options.on_checkpoint);
  EXPECT_EQ(Train(data_, result.options).model.ParametersHash(), result.model.ParametersHash());
}

TEST_F(ResolveTest, AFractionForValidationIsASplit) {
  TrainOptions options = Small();
  options.seed = 3;
  options.validation = 0.2;
  options.early_stopping = 1;
  const TrainResult result = Train(data_, options);
  TrainOptions on_part = options;
  const Split split = SplitStratified(data_, 0.2, 3);
  on_part.validation = 0;
  on_part.validation_data = split.validation;
  const TrainResult by_hand = Train(split.train, on_part);
  EXPECT_EQ(result.model.ParametersHash(), by_hand.model.ParametersHash());
  ASSERT_TRUE(result.validation && by_hand.validation);
  EXPECT_EQ(result.validation->examples, split.validation.examples());
  EXPECT_EQ(result.validation->loss, by_hand.validation->loss);
  EXPECT_EQ(result.epochs, by_hand.epochs);
  // As it was asked for, so that it can be asked for again.
  EXPECT_EQ(result.options.validation, 0.2);
  EXPECT_FALSE(result.options.validation_data);
  options.validation_data = split.validation;
  ExpectError(ErrorCode::kInvalidArgument,
              "validation: found validation data from elsewhere, too, expected one of them",
              [&] { static_cast<void>(Train(data_, options)); });
}

TEST_F(ResolveTest, StartsFromTheNetworkOfAModel) {
  TrainOptions options = Small();
  options.hidden = {8, 6};
  options.activation = {Activation::kTanh, Activation::kGelu};
  options.batch_norm = {true, false};
  const Model model = Train(data_, options).model;
  TrainOptions next;
  next.epochs = 1;
  next.StartFrom(model);
  EXPECT_EQ(*next.hidden, *options.hidden);
  EXPECT_EQ(*next.activation, *options.activation);
  EXPECT_EQ(next.batch_norm, options.batch_norm);
  EXPECT_EQ(next.start->ParametersHash(), model.ParametersHash());
  EXPECT_EQ(Train(data_, next).model.shape().Widths(), model.shape().Widths());
  // Of a model without hidden layers too.
  options = Small();
  options.hidden = std::vector<size_t>();
  next.StartFrom(Train(data_, options).model);
  EXPECT_TRUE(next.hidden->empty());
}

TEST(PerLayerTest, IsOneForAllOrOneForEach) {
  const PerLayer<int> all = 7;
  EXPECT_TRUE(all.Fits(0) && all.Fits(1) && all.Fits(9));
  EXPECT_EQ(all[8], 7);
  const PerLayer<int> each = {1, 2, 3};
  EXPECT_TRUE(each.Fits(3));
  EXPECT_FALSE(each.Fits(2) || each.Fits(4) || each.Fits(0));
  EXPECT_EQ(each[2], 3);
  EXPECT_THROW(static_cast<void>(each[3]), std::out_of_range);
  EXPECT_EQ(all, (PerLayer<int>{7}));
  EXPECT_NE(all, (PerLayer<int>{7, 7}));
  EXPECT_EQ(PerLayer<int>(std::vector<int>{1, 2, 3}), each);
}

TEST_F(ResolveTest, CheckpointsInMemoryGoOnToTheSameBits) {
  TrainOptions options = Small();
  options.optimizer = Optimizer::kAdam;
  options.dropout = 0.2;
  options.validation = 0.2;
  options.early_stopping = 2;
  const TrainResult whole = Train(data_, options);
  TrainOptions keeping = options;
  keeping.checkpoint_every = {.epochs = 0, .steps = 3};
  std::vector<std::string> kept;
  keeping.on_checkpoint = [&](std::string_view bytes) { kept.emplace_back(bytes); };
  EXPECT_EQ(Train(data_, keeping).model.ParametersHash(), whole.model.ParametersHash());
  ASSERT_GE(kept.size(), 5u);
  for (const std::string& bytes : kept) {
    TrainOptions going_on = options;
    going_on.resume_from = bytes;
    const TrainResult result = Train(data_, going_on);
    EXPECT_EQ(result.model.ParametersHash(), whole.model.ParametersHash());
    EXPECT_GT(result.resumed_step, 0u);
    EXPECT_EQ(result.epochs, whole.epochs);
    EXPECT_EQ(result.best_epoch, whole.best_epoch);
  }
  // It need not be resumed with the options that no result depends on.
  TrainOptions elsewhere = keeping;
  elsewhere.threads = 2;
  elsewhere.resume_from = kept[1];
  EXPECT_EQ(Train(data_, elsewhere).model.ParametersHash(), whole.model.ParametersHash());
}

TEST_F(ResolveTest, DamagedOrForeignBytesAreNotGoneOnFrom) {
  TrainOptions options = Small();
  std::string good;
  options.on_checkpoint = [&](std::string_view bytes) {
    if (good.empty()) good = bytes;
  };
  static_cast<void>(Train(data_, options));
  options.on_checkpoint = {};
  const auto expect_bad = [&](const std::string& bytes, const TrainOptions& with) {
    TrainOptions resumed = with;
    resumed.resume_from = bytes;
    try {
      static_cast<void>(Train(data_, resumed));
      ADD_FAILURE() << "taken";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kBadModel) << error.what();
    }
  };
  for (size_t i = 0; i < good.size(); i += good.size() / 29) {
    std::string flipped = good;
    flipped[i] = static_cast<char>(flipped[i] ^ 8);
    expect_bad(flipped, options);
    if (i > 0) expect_bad(good.substr(0, i), options);
  }
  expect_bad("no checkpoint", options);
  expect_bad(good + "x", options);
  TrainOptions other = options;
  other.seed = 5;
  expect_bad(good, other);
}

}  // namespace
}  // namespace colonnade
