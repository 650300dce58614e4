// SPDX-License-Identifier: Apache-2.0
// What ends a training, and which parameters it leaves.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "colonnade/error.h"
#include "colonnade/split.h"
#include "colonnade/train.h"
#include "tests/support/datasets.h"
#include "tests/support/errors.h"
#include "tests/support/plain_options.h"

namespace colonnade {
namespace {

// Labels are random: what is learned of the one half makes the other worse.
class StoppingTest : public ::testing::Test {
 protected:
  StoppingTest() : split_(SplitStratified(test::RandomDataset(120, 8, 3, 5), 0.5, 1)) {
    options_.hidden = {32};
    options_.batch_size = 20;
    options_.epochs = 40;
    options_.validation_data = split_.validation;
    options_.measure_norms = true;
    options_.on_progress = [this](const Progress& p) {
      EXPECT_EQ(p.validation != nullptr, p.epoch_done);
      if (p.epoch_done) {
        losses_.push_back(p.validation->loss);
        accuracies_.push_back(p.validation->accuracy);
        norms_.push_back(p.parameter_norm);
      }
      return true;
    };
  }

  TrainResult Run() {
    losses_.clear();
    accuracies_.clear();
    norms_.clear();
    return Train(split_.train, options_);
  }

  Split split_;
  TrainOptions options_ = test::PlainOptions();
  std::vector<double> losses_, accuracies_, norms_;  // after each epoch
};

TEST_F(StoppingTest, ValidationIsMeasuredAfterEveryEpochAndChangesNothing) {
  const TrainResult result = Run();
  EXPECT_EQ(result.reason, StopReason::kEpochs);
  ASSERT_EQ(losses_.size(), 40u);
  EXPECT_EQ(result.validation->loss, losses_.back());
  EXPECT_EQ(result.validation->loss, Evaluate(result.model, split_.validation).loss);
  EXPECT_EQ(result.best_epoch, 0u);
  options_.validation_data.reset();
  options_.on_progress = nullptr;
  options_.measure_norms = false;
  EXPECT_EQ(Train(split_.train, options_).model.ParametersHash(), result.model.ParametersHash());
}

// What is measured is what is kept: the average, and not the parameters of the last step.
TEST_F(StoppingTest, AveragesAreMeasuredAndKept) {
  for (const Optimizer optimizer : {Optimizer::kScheduleFree, Optimizer::kAdam}) {
    options_.optimizer = optimizer;
    options_.batch_norm = true;
    options_.early_stopping = 0;
    options_.ema = 0;
    const std::string last = Run().model.ParametersHash();
    const double last_loss = losses_.back();
    const std::vector<double> norms = norms_;
    if (optimizer == Optimizer::kAdam) {
      options_.ema = 0.95;
      EXPECT_NE(Run().model.ParametersHash(), last);
      EXPECT_NE(losses_.back(), last_loss);
      EXPECT_EQ(norms_, norms) << "the steps go on from their own parameters";
    }
    for (const size_t patience : {0u, 3u}) {
      options_.early_stopping = patience;
      const TrainResult result = Run();
      const size_t kept = patience == 0 ? losses_.size() : result.best_epoch;
      EXPECT_EQ(result.validation->loss, losses_[kept - 1]);
      EXPECT_EQ(result.validation->loss, Evaluate(result.model, split_.validation).loss);
    }
  }
}

TEST_F(StoppingTest, EarlyStoppingRestoresTheBestEpoch) {
  options_.schedule = Schedule::kConstant;
  options_.early_stopping = 4;
  const TrainResult result = Run();
  EXPECT_EQ(result.reason, StopReason::kEarlyStopping);
  const auto best = std::ranges::min_element(losses_);
  EXPECT_EQ(result.best_epoch, static_cast<size_t>(best - losses_.begin()) + 1);
  EXPECT_EQ(result.epochs, result.best_epoch + 4);
  EXPECT_LT(result.epochs, 40u);
  EXPECT_EQ(result.validation->loss, *best);
  // The parameters are those of a training that ended there.
  options_.epochs = result.best_epoch;
  EXPECT_EQ(Run().model.ParametersHash(), result.model.ParametersHash());
}

TEST_F(StoppingTest, TheBestEpochIsRestoredWhateverEndsTheTraining) {
  options_.early_stopping = 1000;
  const TrainResult all = Run();
  EXPECT_EQ(all.reason, StopReason::kEpochs);
  EXPECT_LT(all.best_epoch, 40u);
  EXPECT_EQ(all.validation->loss, *std::ranges::min_element(losses_));
  options_.on_progress = [](const Progress& p) { return p.epoch < 30; };
  const TrainResult stopped = Train(split_.train, options_);
  EXPECT_EQ(stopped.reason, StopReason::kCallback);
  EXPECT_EQ(stopped.best_epoch, all.best_epoch);
  EXPECT_EQ(stopped.model.ParametersHash(), all.model.ParametersHash());
}

TEST_F(StoppingTest, TargetAccuracyEndsAtTheFirstEpochThatHasIt) {
  Run();
  const double target = *std::ranges::max_element(accuracies_);
  const size_t first =
      static_cast<size_t>(std::ranges::find(accuracies_, target) - accuracies_.begin()) + 1;
  options_.target_accuracy = target;
  options_.early_stopping = 1000;  // whose best epoch is another
  const TrainResult result = Run();
  EXPECT_EQ(result.reason, StopReason::kTargetAccuracy);
  EXPECT_EQ(result.epochs, first);
  EXPECT_EQ(result.validation->accuracy, target);
}

TEST_F(StoppingTest, TargetAccuracyWithoutValidationIsOfTheTraining) {
  options_.validation_data.reset();
  options_.target_accuracy = 0.6;
  double last = 0;
  options_.on_progress = [&](const Progress& p) {
    if (p.epoch_done) {
      EXPECT_LT(last, 0.6);
      last = p.accuracy;
    }
    return true;
  };
  const TrainResult result = Train(split_.train, options_);
  EXPECT_EQ(result.reason, StopReason::kTargetAccuracy);
  EXPECT_GE(last, 0.6);
  EXPECT_EQ(result.accuracy, last);
}

TEST_F(StoppingTest, MaxSecondsEndsTheTrainingAndTheSchedule) {
  options_.epochs = 1'000'000;
  options_.max_seconds = 0.2;
  double passed = 0;
  options_.on_progress = [&](const Progress& p) {
    EXPECT_NEAR(p.learning_rate, 0.075 * (1 + std::cos(std::numbers::pi * passed)), 1e-6);
    passed = std::min(1.0, p.seconds / 0.2);
    return true;
  };
  const TrainResult result = Train(split_.train, options_);
  EXPECT_EQ(result.reason, StopReason::kMaxSeconds);
  EXPECT_FALSE(result.stopped);
  EXPECT_GT(result.steps, 1u);
  EXPECT_GT(passed, 0.5);
}

TEST_F(StoppingTest, ALimitThatIsNotReachedChangesNothing) {
  const std::string hash = Run().model.ParametersHash();
  options_.max_seconds = 1e6;
  const TrainResult result = Run();
  EXPECT_EQ(result.reason, StopReason::kEpochs);
  EXPECT_EQ(result.model.ParametersHash(), hash);
}

TEST_F(StoppingTest, ParameterNormIsThatOfAllParameters) {
  const TrainResult result = Run();
  double sum = 0;
  for (size_t l = 0; l < 2; ++l) {
    const LayerParameters layer = result.model.parameters(l);
    for (const float x : layer.weight) sum += static_cast<double>(x) * static_cast<double>(x);
    for (const float x : layer.bias) sum += static_cast<double>(x) * static_cast<double>(x);
  }
  EXPECT_NEAR(norms_.back(), std::sqrt(sum), 1e-9 * std::sqrt(sum));
}

TEST_F(StoppingTest, RefusesWhatCannotBeMeant) {
  const Dataset wide = test::RandomDataset(10, 9, 3, 1);
  options_.validation_data = wide;
  test::ExpectError(ErrorCode::kBadData, "validation data: found 9 features, expected 8",
                    [&] { Run(); });
  const Dataset classes = test::RandomDataset(10, 8, 4, 1);
  options_.validation_data = classes;
  test::ExpectError(ErrorCode::kBadData, "validation data: found class index 3, expected at most 2",
                    [&] { Run(); });
  options_.validation_data.reset();
  options_.early_stopping = 3;
  test::ExpectError(ErrorCode::kInvalidArgument,
                    "early-stopping: found 3, expected validation data to go with it",
                    [&] { Run(); });
  options_ = {};
  options_.target_accuracy = 1.5;
  test::ExpectError(ErrorCode::kInvalidArgument,
                    "target-accuracy: found 1.5, expected a fraction above 0, at most 1",
                    [&] { Run(); });
  options_ = {};
  options_.max_seconds = -1;
  EXPECT_THROW(Run(), Error);
}

}  // namespace
}  // namespace colonnade
