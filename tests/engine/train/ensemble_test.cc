// SPDX-License-Identifier: Apache-2.0
// Several networks as one model: each is trained as if it were alone.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "colonnade/error.h"
#include "colonnade/split.h"
#include "colonnade/sweep.h"
#include "colonnade/train.h"
#include "colonnade/trainer.h"
#include "tests/support/datasets.h"
#include "tests/support/errors.h"
#include "tests/support/temp_dir.h"

namespace colonnade {
namespace {

struct Task {
  const char* name;
  Loss loss;
  Dataset data;
};

std::vector<Task> Tasks() {
  return {{"classes", Loss::kCrossEntropy, test::RandomDataset(200, 6, 3, 1)},
          {"two classes", Loss::kBinaryCrossEntropy, test::RandomDataset(200, 6, 2, 1)},
          {"numbers", Loss::kSquared, test::RandomTargets(200, 6, 1)}};
}

TrainOptions OptionsOf(const Task& task, size_t ensemble, EnsembleBy by) {
  TrainOptions options;
  options.hidden = {9};
  options.dropout = 0.1;
  options.epochs = 4;
  options.batch_size = 16;
  options.seed = 7;
  options.loss = task.loss;
  options.scale = Scale::kAuto;
  options.embed = Embedding::kNone;
  options.ensemble = ensemble;
  options.ensemble_by = by;
  return options;
}

TEST(EnsembleTrainTest, BySeedsItIsTheTrainingsWithThoseSeeds) {
  for (const Task& task : Tasks()) {
    SCOPED_TRACE(task.name);
    TrainOptions options = OptionsOf(task, 3, EnsembleBy::kSeeds);
    for (const double validation : {0.0, 0.2}) {
      options.validation = validation;
      options.early_stopping = validation > 0 ? 1 : 0;
      const TrainResult result = Train(task.data, options);
      ASSERT_EQ(result.model.members(), 3u);
      ASSERT_EQ(result.members.size(), 3u);
      EXPECT_FALSE(result.out_of_fold);
      TrainOptions alone = options;
      alone.ensemble = 1;
      alone.validation = 0.0;
      Dataset data = task.data;
      if (validation > 0) {
        const Split split = SplitStratified(data, validation, options.seed);
        data = split.train;
        alone.validation_data = split.validation;
        const Evaluation expected = Evaluate(result.model, split.validation);
        EXPECT_EQ(result.validation->loss, expected.loss);
        EXPECT_EQ(result.validation->accuracy, expected.accuracy);
      }
      size_t steps = 0;
      for (size_t m = 0; m < 3; ++m) {
        alone.seed = options.seed + m;
        const TrainResult expected = Train(data, alone);
        EXPECT_EQ(result.model.Member(m).ParametersHash(), expected.model.ParametersHash());
        EXPECT_EQ(result.members[m].epochs, expected.epochs);
        EXPECT_EQ(result.members[m].best_epoch, expected.best_epoch);
        EXPECT_EQ(result.members[m].loss, expected.loss);
        EXPECT_EQ(result.model.scaling(), expected.model.scaling());
        steps += expected.steps;
      }
      EXPECT_EQ(result.steps, steps);
    }
  }
}

TEST(EnsembleTrainTest, ByFoldsEachLearnsFromTheOthers) {
  for (const Task& task : Tasks()) {
    SCOPED_TRACE(task.name);
    TrainOptions options = OptionsOf(task, 4, EnsembleBy::kFolds);
    options.early_stopping = 2;
    const TrainResult result = Train(task.data, options);
    ASSERT_EQ(result.model.members(), 4u);
    EXPECT_TRUE(result.out_of_fold);
    const std::vector<Split> splits = SplitFolds(task.data, 4, options.seed);
    size_t examples = 0;
    size_t correct = 0;
    double loss = 0;
    double absolute = 0;
    for (size_t m = 0; m < 4; ++m) {
      // A network with its starting parameters and the scaling of all data.
      TrainOptions alone = options;
      alone.ensemble = 1;
      alone.seed = options.seed + m;
      alone.early_stopping = 0;
      alone.start = Trainer(task.data, alone).model();
      alone.early_stopping = 2;
      alone.validation_data = splits[m].validation;
      const TrainResult expected = Train(splits[m].train, alone);
      EXPECT_EQ(result.model.Member(m).ParametersHash(), expected.model.ParametersHash());
      EXPECT_EQ(result.model.scaling(), expected.model.scaling());
      EXPECT_EQ(result.members[m].epochs, expected.epochs);
      const Evaluation unseen = Evaluate(expected.model, splits[m].validation);
      EXPECT_EQ(result.members[m].validation->loss, unseen.loss);
      examples += unseen.examples;
      correct += unseen.correct;
      loss += unseen.loss * static_cast<double>(unseen.examples);
      if (unseen.regression) {
        absolute += unseen.regression->mae * static_cast<double>(unseen.examples);
      }
    }
    const auto n = static_cast<double>(task.data.examples());
    EXPECT_EQ(examples, task.data.examples());
    EXPECT_EQ(result.validation->examples, examples);
    EXPECT_NEAR(result.validation->loss, loss / n, 1e-9 * loss);
    if (task.data.regression()) {
      EXPECT_NEAR(result.validation->regression->mae, absolute / n, 1e-9 * absolute);
    } else {
      EXPECT_EQ(result.validation->correct, correct);
      EXPECT_EQ(result.validation->accuracy, static_cast<double>(correct) / n);
    }
  }
}

TEST(EnsembleTrainTest, ThreadsChangeNoBit) {
  for (const Task& task : Tasks()) {
    for (const EnsembleBy by : {EnsembleBy::kSeeds, EnsembleBy::kFolds}) {
      TrainOptions options = OptionsOf(task, 5, by);
      options.hidden = {300};  // enough for steps to be shared
      options.epochs = 1;
      options.threads = 1;
      const TrainResult expected = Train(task.data, options);
      for (const int threads : {2, 3, 8}) {
        options.threads = threads;
        const TrainResult result = Train(task.data, options);
        EXPECT_EQ(result.model.ParametersHash(), expected.model.ParametersHash());
        ASSERT_EQ(result.validation.has_value(), by == EnsembleBy::kFolds);
        if (!result.validation) continue;
        EXPECT_EQ(result.validation->loss, expected.validation->loss);
      }
    }
  }
}

TEST(EnsembleTrainTest, ValidationDataForTheWholeGoBeforeFolds) {
  const Task task = Tasks()[0];
  TrainOptions options = OptionsOf(task, 3, EnsembleBy::kFolds);
  options.validation = 0.2;
  const TrainResult result = Train(task.data, options);
  const Split split = SplitStratified(task.data, 0.2, options.seed);
  EXPECT_FALSE(result.out_of_fold);
  EXPECT_EQ(result.validation->loss, Evaluate(result.model, split.validation).loss);
  EXPECT_EQ(result.members[0].validation->examples,
            SplitFolds(split.train, 3, options.seed)[0].validation.examples());
}

TEST(EnsembleTrainTest, ProgressIsOfAllTogether) {
  const Task task = Tasks()[0];
  TrainOptions options = OptionsOf(task, 3, EnsembleBy::kSeeds);
  options.threads = 2;
  std::vector<size_t> epochs(3);
  size_t last = 0;
  options.on_progress = [&](const Progress& p) {
    EXPECT_EQ(p.members, 3u);
    EXPECT_EQ(p.steps, 3u * 4 * 13);
    EXPECT_GE(p.step, last);
    last = p.step;
    if (!p.epoch_done) return true;
    EXPECT_EQ(++epochs.at(p.member - 1), p.epoch);
    return true;
  };
  EXPECT_FALSE(Train(task.data, options).stopped);
  EXPECT_EQ(epochs, std::vector<size_t>(3, 4));
  EXPECT_EQ(last, 3u * 4 * 13);
}

// Broken off anywhere, any number of times, on any number of threads.
TEST(EnsembleTrainTest, ResumesToTheSameBits) {
  for (const EnsembleBy by : {EnsembleBy::kSeeds, EnsembleBy::kFolds}) {
    const Task task = Tasks()[0];
    TrainOptions options = OptionsOf(task, 3, by);
    options.early_stopping = by == EnsembleBy::kFolds ? 1 : 0;
    const TrainResult expected = Train(task.data, options);
    for (const int threads : {1, 2}) {
      const test::TempDir dir;
      options.threads = threads;
      options.checkpoint = dir / "c";
      options.checkpoint_every = {.epochs = 0, .steps = 5};
      options.resume = true;
      size_t sessions = 0;
      TrainResult result = expected;
      do {
        size_t calls = 0;
        options.on_progress = [&](const Progress&) { return ++calls < 3; };
        result = Train(task.data, options);
        ++sessions;
        ASSERT_LT(sessions, 50u);
      } while (result.stopped);
      EXPECT_GT(sessions, 2u);
      EXPECT_GT(result.resumed_step, 0u);
      EXPECT_EQ(result.model.ParametersHash(), expected.model.ParametersHash());
      EXPECT_EQ(result.steps, expected.steps);
      options.seed = 8;
      EXPECT_THROW(static_cast<void>(Train(task.data, options)), Error);
      options.seed = 7;
      options.ensemble = 1;
      EXPECT_THROW(static_cast<void>(Train(task.data, options)), Error);
      options.ensemble = 3;
      options.on_progress = {};
    }
    options.checkpoint.clear();
    options.resume = false;
  }
}

TEST(EnsembleTrainTest, InMemoryACheckpointIsTheSame) {
  const Task task = Tasks()[2];
  TrainOptions options = OptionsOf(task, 2, EnsembleBy::kSeeds);
  const TrainResult expected = Train(task.data, options);
  std::string bytes;
  options.on_checkpoint = [&](std::string_view content) { bytes = content; };
  size_t calls = 0;
  options.on_progress = [&](const Progress&) { return ++calls < 4; };
  EXPECT_TRUE(Train(task.data, options).stopped);
  ASSERT_FALSE(bytes.empty());
  options.resume_from = bytes;
  options.on_checkpoint = {};
  options.on_progress = {};
  EXPECT_EQ(Train(task.data, options).model.ParametersHash(), expected.model.ParametersHash());
}

TEST(EnsembleTrainTest, StartsFromOneModelOrAsMany) {
  const Task task = Tasks()[0];
  TrainOptions options = OptionsOf(task, 2, EnsembleBy::kSeeds);
  const Model two = Train(task.data, options).model;
  TrainOptions from_two = options;
  from_two.ensemble = TrainOptions().ensemble;
  from_two.StartFrom(two);
  const TrainResult result = Train(task.data, from_two);
  ASSERT_EQ(result.model.members(), 2u);
  TrainOptions alone = options;
  alone.ensemble = 1;
  alone.seed = 8;
  alone.StartFrom(two.Member(1));
  EXPECT_EQ(result.model.Member(1).ParametersHash(),
            Train(task.data, alone).model.ParametersHash());
  alone.ensemble = 3;
  EXPECT_EQ(Train(task.data, alone).model.members(), 3u);
  from_two.ensemble = 3;
  test::ExpectError(ErrorCode::kInvalidArgument,
                    "start: found a model of 2 networks, expected one of a single network, or of "
                    "ensemble 3",
                    [&] { static_cast<void>(Train(task.data, from_two)); });
}

TEST(EnsembleTrainTest, TrialsOfASweepMayBeEnsembles) {
  const Task task = Tasks()[0];
  const TrainOptions options = OptionsOf(task, 3, EnsembleBy::kFolds);
  const std::vector<TrialResult> results =
      Sweep(std::vector<Trial>{{task.data, options}, {task.data, options}}, {.threads = 2});
  for (const TrialResult& result : results) {
    ASSERT_TRUE(result.done()) << result.failure;
    EXPECT_EQ(result.result->model.ParametersHash(),
              Train(task.data, options).model.ParametersHash());
  }
}

TEST(EnsembleTrainTest, WhatCannotBeIsRefused) {
  const Task task = Tasks()[0];
  const auto expect = [&](const std::string& message, const auto& change) {
    TrainOptions options = OptionsOf(task, 2, EnsembleBy::kFolds);
    change(options);
    test::ExpectError(ErrorCode::kInvalidArgument, message,
                      [&] { static_cast<void>(Train(task.data, options)); });
  };
  expect("ensemble: found 0, expected 1 to 1000", [](TrainOptions& o) { o.ensemble = 0; });
  expect("ensemble: found 1001, expected 1 to 1000", [](TrainOptions& o) { o.ensemble = 1001; });
  expect("ensemble: found 201, expected at most 200, the number of examples",
         [](TrainOptions& o) { o.ensemble = 201; });
  expect("profile: found on, expected ensemble 1 to go with it",
         [](TrainOptions& o) { o.profile = true; });
  TrainOptions options = OptionsOf(task, 2, EnsembleBy::kSeeds);
  EXPECT_THROW(Trainer(task.data, options), Error);
  options.learning_rate = 1e6;
  options.optimizer = Optimizer::kSgd;
  try {
    static_cast<void>(Train(task.data, options));
    ADD_FAILURE() << "nothing thrown";
  } catch (const Error& error) {
    EXPECT_EQ(static_cast<int>(error.code()), static_cast<int>(ErrorCode::kDiverged));
  }
}

}  // namespace
}  // namespace colonnade
