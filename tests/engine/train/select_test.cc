// SPDX-License-Identifier: Apache-2.0
// Selections against trainings one by one.
#include "colonnade/select.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "colonnade/options.h"
#include "colonnade/split.h"
#include "tests/support/datasets.h"
#include "tests/support/errors.h"

// Designated initializers leave the other members at their defaults, which is the point of them.
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

namespace colonnade {
namespace {

using test::ExpectError;
using ::testing::ElementsAre;

TrainOptions Small() {
  TrainOptions options;
  options.hidden = {8};
  options.epochs = 2;
  options.batch_size = 32;
  options.seed = 7;
  return options;
}

std::vector<std::string> Labels(const std::vector<Configuration>& configurations) {
  std::vector<std::string> labels;
  for (const Configuration& c : configurations) labels.push_back(c.Label());
  return labels;
}

// ---- Grids ----

TEST(GridTest, HasEveryCombinationTheLastAxisFastest) {
  const std::vector<GridAxis> axes = {{"lr", {"0.1", "0.2"}}, {"hidden", {"8", "6+4", "none"}}};
  const std::vector<Configuration> grid = Grid(Small(), axes);
  EXPECT_THAT(Labels(grid),
              ElementsAre("lr=0.1 hidden=8", "lr=0.1 hidden=6+4", "lr=0.1 hidden=none",
                          "lr=0.2 hidden=8", "lr=0.2 hidden=6+4", "lr=0.2 hidden=none"));
  EXPECT_EQ(grid[1].options.learning_rate, 0.1);
  EXPECT_THAT(*grid[1].options.hidden, ElementsAre(6, 4));
  EXPECT_TRUE(grid[5].options.hidden->empty());
  EXPECT_EQ(grid[5].options.learning_rate, 0.2);
  for (const Configuration& c : grid) EXPECT_EQ(c.options.seed, 7u) << "the base";
}

TEST(GridTest, WithoutAxesIsTheBase) {
  const std::vector<Configuration> grid = Grid(Small(), {});
  ASSERT_EQ(grid.size(), 1u);
  EXPECT_EQ(grid[0].Label(), "");
  EXPECT_EQ(grid[0].options.seed, 7u);
}

TEST(GridTest, OnlyListsHavePlusForCommas) {
  const std::vector<GridAxis> axes = {{"activation", {"relu+tanh"}}, {"hidden", {"4+4"}}};
  const std::vector<Configuration> grid = Grid(Small(), axes);
  EXPECT_EQ(grid[0].options.activation,
            (PerLayer<Activation>{Activation::kRelu, Activation::kTanh}));
  // 1e+1 is a number.
  const std::vector<GridAxis> number = {{"clip-norm", {"1e+1"}}};
  EXPECT_EQ(Grid(Small(), number)[0].options.clip_norm, 10);
}

TEST(GridTest, RefusesWhatIsNoAxis) {
  const std::string expected =
      ", expected that of a flag about network, loss, learning or stopping, such as lr or hidden";
  // Misspelt; not of training; the same for all models; of a single training.
  for (const std::string name :
       {"hiden", "label-column", "threads", "validation", "checkpoint", "resume"}) {
    const std::vector<GridAxis> axes = {{name, {"1"}}};
    ExpectError(ErrorCode::kInvalidArgument, "grid: found the name '" + name + "'" + expected,
                [&] { static_cast<void>(Grid(Small(), axes)); });
  }
  const std::vector<GridAxis> twice = {{"lr", {"0.1"}}, {"hidden", {"4"}}, {"lr", {"0.2"}}};
  ExpectError(ErrorCode::kInvalidArgument, "grid: found 'lr' twice, expected each name once",
              [&] { static_cast<void>(Grid(Small(), twice)); });
}

TEST(GridTest, RefusesValuesThatOptionsDoNotTake) {
  const auto expect = [](std::vector<GridAxis> axes, const std::string& message) {
    ExpectError(ErrorCode::kInvalidArgument, message,
                [&] { static_cast<void>(Grid(Small(), axes)); });
  };
  expect({{"dropout", {"0.1", "1"}}}, "dropout: found 1, expected a number in [0, 1)");
  expect({{"lr", {"0.1", "fast"}}}, "lr: found 'fast', expected a number above 0, at most 1000000");
  expect({{"optimizer", {"sgd", "adam"}}, {"beta1", {"0.5"}}},
         "beta1: found '0.5 with the optimizer sgd', expected the optimizer adam, adamw, "
         "lion, schedule-free or muon");
  // In whatever order.
  expect({{"beta1", {"0.5"}}, {"optimizer", {"adam", "sgd"}}},
         "beta1: found '0.5 with the optimizer sgd', expected the optimizer adam, adamw, "
         "lion, schedule-free or muon");
}

TEST(GridTest, HasAnEnd) {
  std::vector<std::string> values;
  for (int i = 0; i < 101; ++i) values.push_back(std::to_string(i));
  std::vector<GridAxis> axes = {{"seed", values}, {"warmup", values}};
  ExpectError(ErrorCode::kInvalidArgument,
              "grid: found 10201 configurations, expected at most 10000",
              [&] { static_cast<void>(Grid(Small(), axes)); });
  for (GridAxis& axis : axes) axis.values.pop_back();
  EXPECT_EQ(Grid(Small(), axes).size(), 10'000u);
  // Also where the product does not fit 64 bits.
  axes.clear();
  for (const char* name : {"lr", "dropout", "momentum", "clip-norm", "warmup", "seed", "epochs",
                           "batch-size", "label-smoothing", "accumulate"}) {
    axes.push_back({name, std::vector<std::string>(256, "1")});
  }
  EXPECT_THROW(static_cast<void>(Grid(Small(), axes)), Error);
}

// ---- Selections ----

class SelectionTest : public ::testing::Test {
 protected:
  static std::vector<Configuration> Three() {
    const std::vector<GridAxis> axes = {{"lr", {"0.0001", "0.2", "0.01"}}};
    return Grid(Small(), axes);
  }

  // The training of a run, by hand.
  static TrainResult Alone(TrainOptions options, const Dataset& train, const Dataset& validation,
                           uint64_t seed) {
    options.seed = seed;
    options.threads = 1;
    options.validation_data = validation;
    return Train(train, options);
  }

  static double Metric(const Evaluation& e) {
    return e.regression ? e.regression->rmse : e.accuracy;
  }

  // Mean and deviation, and the order, from the runs themselves.
  static void ExpectRanking(const Selection& selection, size_t configurations) {
    ASSERT_EQ(selection.ranking.size(), configurations);
    for (const SelectionRow& row : selection.ranking) {
      std::vector<double> metrics, losses;
      for (const SelectionRun& run : selection.runs) {
        if (run.configuration != row.configuration) continue;
        metrics.push_back(Metric(run.validation));
        losses.push_back(run.validation.loss);
      }
      EXPECT_EQ(row.runs, metrics.size());
      EXPECT_EQ(row.done, metrics.size());
      for (const auto& [values, spread] :
           {std::pair{metrics, row.metric}, std::pair{losses, row.loss}}) {
        const auto n = static_cast<double>(values.size());
        double mean = 0;
        for (const double value : values) mean += value / n;
        EXPECT_NEAR(spread.mean, mean, 1e-12);
        EXPECT_EQ(spread.deviation.has_value(), values.size() > 1);
        double variance = 0;
        for (const double value : values) variance += std::pow(value - mean, 2) / (n - 1);
        if (values.size() > 1) {
          EXPECT_NEAR(*spread.deviation, std::sqrt(variance), 1e-12);
        }
      }
    }
    const double sign = selection.regression ? -1 : 1;
    for (size_t i = 1; i < selection.ranking.size(); ++i) {
      const SelectionRow& better = selection.ranking[i - 1];
      const SelectionRow& worse = selection.ranking[i];
      EXPECT_TRUE(sign * better.metric.mean > sign * worse.metric.mean ||
                  (better.metric.mean == worse.metric.mean && better.loss.mean <= worse.loss.mean));
    }
  }

  const Dataset data_ = test::DigitsDataset(300, 1);
  const Dataset numbers_ = test::RandomTargets(200, 5, 1);
};

TEST_F(SelectionTest, IsALoopOverTrain) {
  const std::vector<Configuration> configurations = Three();
  const Selection selection =
      Select(data_, configurations, {.seeds = 2, .validation = 0.2, .threads = 3});
  EXPECT_FALSE(selection.regression);
  EXPECT_FALSE(selection.stopped);
  ASSERT_EQ(selection.runs.size(), 6u);
  std::vector<TrainResult> results;
  for (size_t i = 0; i < 6; ++i) {
    const SelectionRun& run = selection.runs[i];
    const uint64_t seed = 7 + i % 2;
    EXPECT_EQ(run.configuration, i / 2);
    EXPECT_EQ(run.seed, seed);
    EXPECT_EQ(run.fold, std::nullopt);
    EXPECT_TRUE(run.done) << run.failure;
    const Split split = SplitStratified(data_, 0.2, seed);
    results.push_back(Alone(configurations[i / 2].options, split.train, split.validation, seed));
    EXPECT_EQ(run.parameters_hash, results[i].model.ParametersHash()) << i;
    EXPECT_EQ(run.validation.loss, results[i].validation->loss);
    EXPECT_EQ(run.validation.accuracy, results[i].validation->accuracy);
    EXPECT_EQ(run.epochs, 2u);
  }
  ExpectRanking(selection, 3);
  EXPECT_EQ(selection.ranking[0].configuration, 1u) << "lr 0.2 learns, 0.0001 hardly";
  // The better run of the best configuration.
  const size_t chosen = selection.runs[3].BetterThan(selection.runs[2]) ? 3 : 2;
  ASSERT_TRUE(selection.model);
  EXPECT_EQ(selection.model->configuration, 1u);
  const TrainResult& model = selection.model->result;
  EXPECT_EQ(model.model.ParametersHash(), results[chosen].model.ParametersHash());
  EXPECT_EQ(model.options.seed, selection.runs[chosen].seed);
  EXPECT_EQ(selection.model->data.Hash(),
            SplitStratified(data_, 0.2, selection.runs[chosen].seed).train.Hash());
  // Its options are in force.
  EXPECT_EQ(model.options.loss, Loss::kCrossEntropy);
  EXPECT_EQ(model.options.learning_rate, 0.2);
  EXPECT_EQ(model.options.weight_decay, 0);
  EXPECT_EQ(model.options.validation, 0.2);
  EXPECT_FALSE(model.options.on_progress);
}

TEST_F(SelectionTest, HasTheSameBitsHoweverManyTrainAtOnce) {
  const std::vector<Configuration> configurations = Three();
  const auto hashes = [&](const SelectOptions& options) {
    std::vector<std::string> all;
    const Selection selection = Select(data_, configurations, options);
    for (const SelectionRun& run : selection.runs) all.push_back(run.parameters_hash);
    all.push_back(selection.model->result.model.ParametersHash());
    return all;
  };
  const auto one = hashes({.folds = 2, .threads = 1, .at_once = 1});
  EXPECT_EQ(hashes({.folds = 2, .threads = 3, .at_once = 3}), one);
  EXPECT_EQ(hashes({.folds = 2, .threads = 2, .at_once = 0}), one);
}

TEST_F(SelectionTest, FoldsAreThoseOfSplitFoldsAndTheBestIsTrainedOnAll) {
  const std::vector<Configuration> configurations = Three();
  size_t refits = 0;
  const Selection selection = Select(
      data_, configurations, {.seeds = 2, .folds = 3, .threads = 2, .on_refit = [&] { ++refits; }});
  ASSERT_EQ(selection.runs.size(), 18u);
  for (size_t i = 0; i < 18; ++i) {
    const SelectionRun& run = selection.runs[i];
    EXPECT_EQ(run.configuration, i / 6);
    EXPECT_EQ(run.seed, 7 + i / 3 % 2);
    ASSERT_EQ(run.fold, i % 3);
    const std::vector<Split> splits = SplitFolds(data_, 3, run.seed);
    EXPECT_EQ(run.validation.examples, splits[i % 3].validation.examples());
    if (i % 5 != 0) continue;  // the trainings of some
    EXPECT_EQ(run.parameters_hash, Alone(configurations[i / 6].options, splits[i % 3].train,
                                         splits[i % 3].validation, run.seed)
                                       .model.ParametersHash());
  }
  ExpectRanking(selection, 3);
  EXPECT_EQ(refits, 1u);
  ASSERT_TRUE(selection.model);
  EXPECT_EQ(selection.model->configuration, selection.ranking[0].configuration);
  EXPECT_EQ(selection.model->data.Hash(), data_.Hash());
  TrainOptions options = configurations[selection.ranking[0].configuration].options;
  EXPECT_EQ(selection.model->result.model.ParametersHash(),
            Train(data_, options).model.ParametersHash());
  EXPECT_FALSE(selection.model->result.options.on_progress);
}

TEST_F(SelectionTest, ValidatesOnGivenData) {
  const Dataset other = test::DigitsDataset(100, 2);
  std::vector<Configuration> configurations = Three();
  configurations[0].options.validation = 0.5;  // of no use here
  const Selection selection =
      Select(data_, configurations, {.validation_data = other, .threads = 2});
  for (const SelectionRun& run : selection.runs) {
    TrainOptions options = configurations[run.configuration].options;
    options.validation = 0;
    const TrainResult alone = Alone(options, data_, other, 7);
    EXPECT_EQ(run.parameters_hash, alone.model.ParametersHash());
    EXPECT_EQ(run.validation.accuracy, alone.validation->accuracy);
    EXPECT_EQ(run.validation.examples, 100u);
  }
  ASSERT_TRUE(selection.model);
  EXPECT_EQ(selection.model->data.Hash(), data_.Hash());
}

TEST_F(SelectionTest, NumbersAreRankedByTheirErrors) {
  const std::vector<GridAxis> axes = {{"lr", {"1e-6", "0.003"}}};
  const std::vector<Configuration> configurations = Grid(Small(), axes);
  const Selection selection = Select(numbers_, configurations, {.folds = 2, .threads = 2});
  EXPECT_TRUE(selection.regression);
  ExpectRanking(selection, 2);
  EXPECT_EQ(selection.model->result.options.loss, Loss::kSquared);
}

TEST_F(SelectionTest, TheModelOnlyWhereItIsWanted) {
  const Selection selection = Select(
      data_, Three(), {.folds = 2, .model = false, .threads = 2, .on_refit = [] { FAIL(); }});
  EXPECT_FALSE(selection.model);
  EXPECT_EQ(selection.ranking.size(), 3u);
}

TEST_F(SelectionTest, AFailureRanksLastAndEndsNoOther) {
  std::vector<Configuration> configurations = Three();
  configurations[0].options.learning_rate = 100;  // diverges
  configurations[0].options.weight_decay = 1000;
  configurations[0].options.schedule = Schedule::kConstant;
  configurations[0].options.epochs = 50;
  std::vector<size_t> told;
  const Selection selection =
      Select(data_, configurations,
             {.seeds = 2, .threads = 2, .on_run = [&](size_t run, const SelectionRun& of) {
                told.push_back(run);
                EXPECT_EQ(of.configuration, run / 2);
              }});
  EXPECT_FALSE(selection.stopped);
  std::ranges::sort(told);
  EXPECT_THAT(told, ElementsAre(0, 1, 2, 3, 4, 5)) << "failures too";
  for (const SelectionRun& run : selection.runs) {
    EXPECT_EQ(run.done, run.configuration != 0);
    EXPECT_EQ(run.failure.starts_with("training diverged: "), run.configuration == 0)
        << run.failure;
  }
  EXPECT_EQ(selection.ranking.back().configuration, 0u);
  EXPECT_EQ(selection.ranking.back().done, 0u);
  EXPECT_EQ(selection.ranking.back().runs, 2u);
  ASSERT_TRUE(selection.model);
  EXPECT_NE(selection.model->configuration, 0u);
  // Of nothing but failures there is no model.
  const Selection none = Select(data_, std::span(configurations).first(1), {.threads = 1});
  EXPECT_FALSE(none.model);
  EXPECT_EQ(none.ranking[0].done, 0u);
}

TEST_F(SelectionTest, StopsWhenTheCallbackSaysSo) {
  size_t ended = 0;
  const Selection selection =
      Select(data_, Three(), {.seeds = 3, .threads = 1, .on_progress = [&](const SweepProgress& p) {
                                EXPECT_EQ(p.trials, 9u);
                                ended = std::max(ended, p.ended);
                                return p.ended < 2;
                              }});
  EXPECT_TRUE(selection.stopped);
  EXPECT_FALSE(selection.model);
  const auto done = static_cast<size_t>(std::ranges::count_if(selection.runs, &SelectionRun::done));
  EXPECT_GE(done, 2u);
  EXPECT_LT(done, 9u);
  for (const SelectionRun& run : selection.runs) EXPECT_EQ(run.failure, "");
  EXPECT_EQ(selection.ranking.size(), 3u) << "of what there is";
}

TEST_F(SelectionTest, StopsInTheTrainingOnAllToo) {
  bool refit = false;
  const Selection selection = Select(data_, Three(),
                                     {.folds = 2,
                                      .threads = 2,
                                      .on_progress = [&](const SweepProgress&) { return !refit; },
                                      .on_refit = [&] { refit = true; }});
  EXPECT_TRUE(refit);
  EXPECT_TRUE(selection.stopped);
  EXPECT_FALSE(selection.model);
  for (const SelectionRun& run : selection.runs) EXPECT_TRUE(run.done);
}

TEST_F(SelectionTest, RefusesWhatCannotBeMeant) {
  const auto expect = [&](const std::string& message, std::vector<Configuration> configurations,
                          const SelectOptions& options) {
    ExpectError(ErrorCode::kInvalidArgument, message,
                [&] { static_cast<void>(Select(data_, configurations, options)); });
  };
  expect("grid: found no configuration, expected at least one", {}, {});
  expect("folds: found 1, expected 2 to 1000", Three(), {.folds = 1});
  expect("folds: found 1001, expected 2 to 1000", Three(), {.folds = 1001});
  expect("seeds: found 0, expected 1 to 1000000", Three(), {.seeds = 0});
  std::vector<Configuration> mixed = Three();
  mixed[1].options.loss = Loss::kHuber;
  expect("grid: found losses for classes and losses for numbers, expected either of them", mixed,
         {});
  std::vector<Configuration> last = Three();
  last[2].options.seed = UINT64_MAX;
  expect("seeds: found 2 from 18446744073709551615 on, expected seeds below 2^64", last,
         {.seeds = 2});
  std::vector<Configuration> stopping = Three();
  stopping[0].options.early_stopping = 1;
  EXPECT_THROW(CheckSelection(stopping, {.folds = 2}), Error);
  EXPECT_NO_THROW(CheckSelection(stopping, {.folds = 2, .model = false}));
  EXPECT_NO_THROW(CheckSelection(stopping, {}));
  EXPECT_THROW(CheckSelection(Three(), {.seeds = 1000, .folds = 1000}), Error);
  // Numbers that wrap around are too many as well.
  EXPECT_THROW(CheckSelection(Three(), {.seeds = (size_t{1} << 62), .folds = 4}), Error);
  for (const double fraction : {0.0, 1.0, -1.0}) {
    EXPECT_THROW(static_cast<void>(Select(data_, Three(), {.validation = fraction})), Error);
  }
  // Before any training begins.
  std::vector<Configuration> bad = Three();
  bad[2].options.dropout = 1;
  EXPECT_THROW(static_cast<void>(
                   Select(data_, bad, {.on_run = [](size_t, const SelectionRun&) { FAIL(); }})),
               Error);
}

}  // namespace
}  // namespace colonnade
