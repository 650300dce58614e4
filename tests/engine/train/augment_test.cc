// SPDX-License-Identifier: Apache-2.0
// Training on pictures that are changed in every epoch.
#include "engine/data/augment.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "colonnade/evaluate.h"
#include "colonnade/options.h"
#include "colonnade/rates.h"
#include "colonnade/train.h"
#include "colonnade/trainer.h"
#include "engine/data/scaling.h"
#include "engine/model/initialization.h"
#include "engine/train/step.h"
#include "tests/support/compare.h"
#include "tests/support/datasets.h"
#include "tests/support/errors.h"
#include "tests/support/plain_options.h"
#include "tests/support/temp_dir.h"

namespace colonnade {
namespace {

constexpr Augmentation kAugment = {.shift = 2, .rotate = 12};

TrainOptions Options() {
  TrainOptions options = test::PlainOptions();
  options.hidden = {20};
  options.scale = Scale::kUnit;
  options.batch_size = 32;
  options.epochs = 1;
  options.seed = 6;
  options.augment = kAugment;
  return options;
}

// The pictures of an epoch, moved beforehand.
Dataset Moved(const Dataset& data, uint64_t seed, uint32_t epoch) {
  std::vector<uint8_t> values(data.examples() * 784);
  for (uint32_t e = 0; e < data.examples(); ++e) {
    Move(data.BytesOf(e), MotionOf(kAugment, seed, epoch, e), 28, values.data() + 784 * e);
  }
  return Dataset::FromMemory(std::span<const uint8_t>(values), test::LabelsOf(data), data.schema());
}

TEST(AugmentedTrainingTest, LearnsFromThePicturesOfTheEpoch) {
  const Dataset data = test::DigitsDataset(200, 1);
  const Dataset moved = Moved(data, 6, 0);
  for (const Precision precision : {Precision::kF32, Precision::kBf16}) {
    for (const size_t batch : {0U, 32U, 3U}) {
      TrainOptions options = Options();
      options.precision = precision;
      options.batch_size = batch;
      const TrainResult augmented = Train(data, options);
      options.augment = {};
      const TrainResult plain = Train(moved, options);
      EXPECT_EQ(augmented.model.ParametersHash(), plain.model.ParametersHash());
      EXPECT_EQ(augmented.loss, plain.loss);
      EXPECT_EQ(augmented.accuracy, plain.accuracy);
      EXPECT_NE(plain.model.ParametersHash(), Train(data, options).model.ParametersHash());
    }
  }
}

// An epoch after the other, as steps of a batch that has none of the options but the pictures.
TEST(AugmentedTrainingTest, ChangesThemInEveryEpochAndSkipsZerosInEach) {
  const Dataset data = test::DigitsDataset(90, 1);
  const NetworkShape shape = NetworkShape::Mlp(784, std::vector<size_t>{20}, 10);
  const Scaling scaling = FitScaling(Scale::kUnit, data);
  std::vector<uint32_t> order(data.examples());
  std::iota(order.begin(), order.end(), 0U);
  Execution execution(2);
  const auto step_on = [&](const Dataset& on, StepSettings settings, size_t epoch,
                           std::vector<DenseParameters>& parameters, OptimizerState& optimizer) {
    settings.batch_size = on.examples();
    TrainingStep step(shape, on, scaling, settings, parameters, optimizer, execution);
    step.BeginEpoch(epoch);
    step.Run(order, 0.1);
    return step.skips_zeros();
  };
  for (const Zeros zeros : {Zeros::kSkip, Zeros::kMultiply, Zeros::kSparse}) {
    std::vector<DenseParameters> augmented = HeParameters(shape, 5);
    std::vector<DenseParameters> plain = HeParameters(shape, 5);
    OptimizerState of_augmented(TrainOptions(), shape);
    OptimizerState of_plain(TrainOptions(), shape);
    for (const uint32_t epoch : {0U, 1U, 5U}) {
      const bool skips = step_on(data, {.zeros = zeros, .augment = kAugment, .augment_seed = 6},
                                 epoch, augmented, of_augmented);
      EXPECT_EQ(skips, zeros != Zeros::kMultiply);
      step_on(Moved(data, 6, epoch), {.zeros = Zeros::kMultiply}, epoch, plain, of_plain);
      for (size_t l = 0; l < 2; ++l) {
        EXPECT_TRUE(test::SameBits(std::as_const(augmented[l].weight).view(),
                                   std::as_const(plain[l].weight).view()));
      }
    }
  }
}

TEST(AugmentedTrainingTest, HoweverABatchIsSplit) {
  const Dataset data = test::DigitsDataset(200, 1);
  TrainOptions options = Options();
  options.epochs = 3;
  const std::string whole = Train(data, options).model.ParametersHash();
  options.batch_size = 8;
  options.accumulate = 4;
  EXPECT_EQ(Train(data, options).model.ParametersHash(), whole);
}

// A training that learns nothing: what is measured is the start.
TEST(AugmentedTrainingTest, MeasuresPicturesAsTheyAre) {
  const Dataset data = test::DigitsDataset(120, 1);
  TrainOptions options = Options();
  options.learning_rate = 1e-30;
  options.validation_data = test::DigitsDataset(50, 2);
  const TrainResult augmented = Train(data, options);
  options.augment = {};
  const TrainResult plain = Train(data, options);
  EXPECT_NE(augmented.loss, plain.loss) << "of the steps";
  EXPECT_EQ(augmented.validation->loss, plain.validation->loss);
  EXPECT_EQ(Evaluate(augmented.model, data).loss, Evaluate(plain.model, data).loss);
  EXPECT_EQ(augmented.model.Logits(data), plain.model.Logits(data));
}

TEST(AugmentedTrainingTest, IsAnotherTrainingForCheckpoints) {
  const test::TempDir dir;
  const Dataset data = test::DigitsDataset(60, 1);
  TrainOptions options = Options();
  options.checkpoint = dir / "c";
  options.epochs = 2;
  options.on_progress = [](const Progress& p) { return p.step < 1; };
  static_cast<void>(Train(data, options));
  options.resume = true;
  options.augment = {};
  try {
    static_cast<void>(Train(data, options));
    ADD_FAILURE() << "goes on without";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("augment"), std::string::npos) << error.what();
  }
}

TEST(AugmentedTrainingTest, IsRefusedForTablesWhereverTheyAreLearnedFrom) {
  const Dataset table = test::RandomDataset(40, 5, 2, 1);
  const std::string message =
      "augment: found 5 features, expected square pictures of one value per pixel, at least 8 · 8, "
      "such as 784 columns for 28 · 28";
  const auto refused = [&](const auto& f) {
    test::ExpectError(ErrorCode::kInvalidArgument, message, f);
  };
  const TrainOptions options = Options();
  refused([&] { static_cast<void>(Train(table, options)); });
  refused([&] { static_cast<void>(TestRates(table, options)); });
  refused([&] { const Trainer trainer(table, options); });
  TrainOptions turned = options;
  turned.augment.rotate = 181;
  test::ExpectError(ErrorCode::kInvalidArgument,
                    "augment: found rotate:181, expected degrees from 0 to 180",
                    [&] { turned.Check(); });
  turned.augment.rotate = std::nan("");
  EXPECT_THROW(turned.Check(), Error);
}

TEST(AugmentedTrainingTest, TextsThatAreNoneAreRefused) {
  for (const char* const text :
       {"shift", "shift:", "shift:0", "shift:-1", "shift:1.5", "shift:1,shift:1", "rotate:0",
        "rotate:181", "rotate:nan", "rotate:-1", "turn:3", "none,shift:1", "shift:1;rotate:1"}) {
    TrainOptions options;
    EXPECT_THROW(SetOption(options, "augment", text), Error) << text;
  }
  TrainOptions options;
  SetOption(options, "augment", "rotate:5,shift:3");
  EXPECT_EQ(options.augment, (Augmentation{.shift = 3, .rotate = 5}));
  EXPECT_EQ(OptionText(options, "augment"), "shift:3,rotate:5");
}

}  // namespace
}  // namespace colonnade
