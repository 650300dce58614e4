// SPDX-License-Identifier: Apache-2.0
#include "colonnade/sweep.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "colonnade/split.h"
#include "tests/support/datasets.h"
#include "tests/support/errors.h"

namespace colonnade {
namespace {

std::vector<std::string> HashesOf(const std::vector<TrialResult>& results) {
  std::vector<std::string> hashes;
  for (const TrialResult& r : results) {
    hashes.push_back(r.done() ? r.result->model.ParametersHash() : "none: " + r.failure);
  }
  return hashes;
}

TrainOptions Small(size_t hidden, uint64_t seed) {
  TrainOptions options;
  options.hidden = {hidden};
  options.seed = seed;
  options.epochs = 2;
  options.batch_size = 64;
  return options;
}

class SweepTest : public ::testing::Test {
 protected:
  // Five trainings as different as may be, on the whole of the data and on parts of it.
  std::vector<Trial> Different() const {
    std::vector<Trial> trials = {{data_, Small(16, 1)},
                                 {data_, Small(100, 2)},
                                 {data_, Small(8, 3)},
                                 {split_.train, Small(24, 4)},
                                 {split_.train, Small(200, 5)}};
    trials[1].options.dropout = 0.2;
    trials[2].options.batch_size = 0;  // takes the nonzeros of the data
    trials[2].options.epochs = 20;
    trials[3].options.validation_data = split_.validation;
    trials[3].options.early_stopping = 1;
    trials[4].options.precision = Precision::kBf16;
    trials[4].options.scale = Scale::kStandard;
    return trials;
  }

  const Dataset data_ = test::DigitsDataset(600, 1);
  const Split split_ = SplitStratified(data_, 0.2, 3);
};

TEST_F(SweepTest, EachModelHasTheBitsThatItHasAlone) {
  const std::vector<Trial> trials = Different();
  std::vector<std::string> alone;
  for (const Trial& trial : trials) {
    TrainOptions options = trial.options;
    options.threads = 1;
    alone.push_back(Train(trial.data, options).model.ParametersHash());
  }
  for (const int threads : {1, 2, 3, 8}) {
    for (const size_t at_once : {0u, 2u}) {
      EXPECT_EQ(HashesOf(Sweep(trials, {.threads = threads, .at_once = at_once})), alone)
          << threads << " threads";
    }
  }
}

TEST_F(SweepTest, SharesOutTheThreads) {
  const std::vector<Trial> two(2, {data_, Small(100, 1)});
  const auto threads = [&](const SweepOptions& options) {
    std::multiset<int> used;
    for (const TrialResult& r : Sweep(two, options)) used.insert(r.result->threads);
    return used;
  };
  EXPECT_EQ(threads({.threads = 2}), (std::multiset<int>{1, 1}));
  EXPECT_EQ(threads({.threads = 4}), (std::multiset<int>{2, 2}));
  EXPECT_EQ(threads({.threads = 3, .at_once = 1}), (std::multiset<int>{3, 3}));
}

TEST_F(SweepTest, TrainsSideBySide) {
  // Each training waits until the other has begun.
  std::atomic<int> begun = 0;
  std::vector<Trial> trials(2, {data_, Small(8, 1)});
  for (Trial& trial : trials) {
    trial.options.on_progress = [&](const Progress& p) {
      if (p.step > 1) return true;
      ++begun;
      for (int i = 0; i < 2000 && begun < 2; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
      }
      return true;
    };
  }
  Sweep(trials, {.threads = 2});
  EXPECT_EQ(begun, 2);
}

TEST_F(SweepTest, AFailureEndsNoOtherTraining) {
  std::vector<Trial> trials = Different();
  trials[1].options.learning_rate = 100;
  trials[1].options.weight_decay = 1000;
  trials[1].options.schedule = Schedule::kConstant;
  std::vector<size_t> failed;
  const auto note = [&](size_t trial, TrialResult& result) {
    if (!result.failure.empty()) failed.push_back(trial);
  };
  const std::vector<TrialResult> results = Sweep(trials, {.threads = 2, .on_result = note});
  for (size_t i = 0; i < results.size(); ++i) EXPECT_EQ(results[i].done(), i != 1) << i;
  EXPECT_FALSE(results[1].result);
  EXPECT_EQ(results[1].failure.rfind("training diverged: ", 0), 0u) << results[1].failure;
  EXPECT_EQ(failed, std::vector<size_t>{1});
}

TEST_F(SweepTest, TellsHowItGoesOneCallAtATime) {
  const std::vector<Trial> trials = Different();
  std::atomic<int> inside = 0;
  size_t ended = 0;
  std::vector<size_t> epochs(trials.size());
  SweepOptions options{.threads = 3};
  options.on_progress = [&](const SweepProgress& p) {
    EXPECT_EQ(++inside, 1);
    EXPECT_EQ(p.trials, 5u);
    EXPECT_EQ(p.has_ended, p.progress == nullptr);
    if (p.has_ended) ++ended;
    EXPECT_EQ(p.ended, ended);
    if (p.progress != nullptr && p.progress->epoch_done) ++epochs[p.trial];
    --inside;
    return true;
  };
  const std::vector<TrialResult> results = Sweep(trials, options);
  EXPECT_EQ(ended, 5u);
  for (size_t i = 0; i < 5; ++i) EXPECT_EQ(epochs[i], results[i].result->epochs) << i;
}

TEST_F(SweepTest, StopsAllWhenItIsTold) {
  std::vector<Trial> trials(8, {data_, Small(16, 1)});
  for (Trial& trial : trials) trial.options.epochs = 100'000;
  trials[0].options.epochs = 1;
  size_t results_told = 0;
  SweepOptions options{.threads = 2};
  options.on_progress = [](const SweepProgress& p) { return p.ended == 0; };
  options.on_result = [&](size_t, TrialResult&) { ++results_told; };
  const std::vector<TrialResult> results = Sweep(trials, options);
  size_t stopped = 0;
  size_t not_begun = 0;
  for (const TrialResult& r : results) {
    if (r.result && r.result->stopped) ++stopped;
    if (!r.result && r.failure.empty()) ++not_begun;
  }
  EXPECT_TRUE(results[0].done());
  EXPECT_LE(stopped, 1u);
  EXPECT_EQ(stopped + not_begun, 7u);
  EXPECT_EQ(results_told, 1 + stopped);
}

TEST_F(SweepTest, AResultMayBeTakenAway) {
  const std::vector<Trial> trials(3, {data_, Small(8, 1)});
  const auto take = [](size_t, TrialResult& result) { result.result.reset(); };
  for (const TrialResult& r : Sweep(trials, {.on_result = take})) EXPECT_FALSE(r.result);
}

TEST_F(SweepTest, RefusesOptionsBeforeAnyTrainingBegins) {
  std::vector<Trial> trials(3, {data_, Small(8, 1)});
  bool begun = false;
  for (Trial& trial : trials) {
    trial.options.on_progress = [&](const Progress&) { return begun = true; };
  }
  const auto refuse = [&](const std::string& message) {
    test::ExpectError(ErrorCode::kInvalidArgument, message, [&] { Sweep(trials); });
    EXPECT_FALSE(begun);
  };
  trials[2].options.warmup = 20;
  refuse("warmup: found 20 steps, expected fewer than the 20 of this training");
  trials[2].options.warmup = 0;
  trials[1].options.momentum = 2;
  refuse("momentum: found 2, expected a number in [0, 1)");
  trials[1].options.momentum = 0;
  trials[1].options.early_stopping = 2;
  refuse("early-stopping: found 2, expected validation data to go with it");
  trials[1].options.early_stopping = 0;
  trials[1].options.loss = Loss::kHuber;
  refuse("loss: found huber for a label column of classes, expected cross-entropy or bce");
}

TEST_F(SweepTest, OfNoTrialsIsEmpty) { EXPECT_TRUE(Sweep({}).empty()); }

}  // namespace
}  // namespace colonnade
