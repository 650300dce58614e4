// SPDX-License-Identifier: Apache-2.0
// Searches: budgets, bits, journals.
#include "colonnade/tune.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "colonnade/error.h"
#include "colonnade/split.h"
#include "engine/train/run.h"
#include "tests/support/datasets.h"
#include "tests/support/errors.h"

// Designated initializers leave the other members at their defaults, which is the point of them.
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

namespace colonnade {
namespace {

using test::ExpectError;
using ::testing::HasSubstr;

TrainOptions Small() {
  TrainOptions options;
  options.hidden = {8};
  options.epochs = 9;
  options.batch_size = 32;
  options.seed = 7;
  return options;
}

const std::vector<SpaceAxis> kSmallSpace = {{"lr", "x0.01..x3:log"},
                                            {"dropout", "0..0.5"},
                                            {"epochs", "9,18"},
                                            {"optimizer", "momentum,adamw"}};

class TuneTest : public ::testing::Test {
 protected:
  TuneOptions Trials(size_t trials) const {
    TuneOptions options;
    options.space = kSmallSpace;
    options.trials = trials;
    options.threads = 1;
    return options;
  }

  // A clock that goes on by so many seconds whenever it is looked at.
  static std::function<double()> ClockBy(double seconds) {
    return [seconds, now = 0.0]() mutable { return now += seconds; };
  }

  // All that can be compared of a search, with every bit.
  static std::string TextOf(const Tuning& tuning) {
    std::string text;
    for (const TuneTrial& trial : tuning.trials) {
      text += trial.configuration.Label() + " " + std::to_string(trial.done) + " " +
              (trial.finished ? "finished " : "") + std::to_string(trial.metric.mean) + "\n";
    }
    for (const size_t trial : tuning.ranking) text += std::to_string(trial) + " ";
    if (!tuning.model) return text;
    return text + std::to_string(tuning.model->configuration) + Name(tuning.source) +
           tuning.model->result.model.ParametersHash();
  }

  static std::function<void(std::string_view)> Into(std::string& journal) {
    return [&](std::string_view line) { journal += std::string(line) + "\n"; };
  }

  const Dataset data_ = test::DigitsDataset(300, 1);
  const Dataset numbers_ = test::RandomTargets(200, 5, 1);
};

// ---- Pausing ----

TEST_F(TuneTest, ATrainingInPiecesHasTheBitsOfOne) {
  const Split split = SplitStratified(data_, 0.2);
  for (const size_t early_stopping : {0U, 2U}) {
    TrainOptions options = Small();
    options.dropout = 0.2;
    options.optimizer = Optimizer::kAdamW;
    if (early_stopping > 0) options.validation_data = split.validation;
    options.early_stopping = early_stopping;
    const TrainResult whole = Train(split.train, options);
    TrainingRun run(split.train, options);
    for (const size_t epoch : {1U, 1U, 3U, 4U, 9U}) {
      run.RunTo(epoch);
      static_cast<void>(run.Measure(split.validation));  // changes nothing
    }
    EXPECT_TRUE(run.ended());
    EXPECT_EQ(run.steps(), whole.steps);
    const TrainResult pieces = run.Finish();
    EXPECT_EQ(pieces.model.ParametersHash(), whole.model.ParametersHash());
    EXPECT_EQ(pieces.epochs, whole.epochs);
    EXPECT_EQ(pieces.reason, whole.reason);
    EXPECT_EQ(pieces.loss, whole.loss);
  }
}

// ---- Searches ----

TEST_F(TuneTest, TheFirstTrialIsTheBaseAndNoneThatIsTakenIsWorse) {
  const Tuning tuning = Tune(data_, Small(), Trials(6));
  EXPECT_FALSE(tuning.stopped);
  EXPECT_EQ(tuning.folds, 5u) << "for few examples";
  EXPECT_EQ(tuning.validation_examples, 300u);
  EXPECT_GT(tuning.trials.size(), 6u);
  const TuneTrial& first = tuning.trials[0];
  EXPECT_EQ(first.configuration.Label(), "");
  EXPECT_TRUE(first.finished);
  EXPECT_EQ(first.done, 9u);
  ASSERT_TRUE(tuning.model);
  const size_t best = tuning.model->configuration;
  EXPECT_EQ(best, tuning.ranking[0]);
  for (const TuneTrial& trial : tuning.trials) {
    if (trial.finished) {
      EXPECT_LE(tuning.trials[best].metric.mean, trial.metric.mean);
    }
  }
  // Its metric is the mean over the folds.
  double loss = 0;
  for (const Split& split : SplitFolds(data_, 5, 7)) {
    loss += Evaluate(Train(split.train, Small()).model, split.validation).loss / 5;
  }
  EXPECT_NEAR(first.loss.mean, loss, 1e-12);
  EXPECT_EQ(first.metric.mean, first.loss.mean);
  ASSERT_TRUE(first.metric.deviation);
  // The model is that of Train() on all data.
  EXPECT_EQ(tuning.source, TuneModelSource::kAll);
  EXPECT_EQ(tuning.model->data.Hash(), data_.Hash());
  EXPECT_EQ(tuning.model->result.model.ParametersHash(),
            Train(data_, tuning.trials[best].configuration.options).model.ParametersHash());
}

TEST_F(TuneTest, NoStepIsDoneTwice) {
  std::atomic<size_t> steps = 0;
  TrainOptions base = Small();
  base.on_progress = [&](const Progress&) {
    ++steps;
    return true;
  };
  TuneOptions options = Trials(5);
  options.validation_data = test::DigitsDataset(100, 2);  // no training on all data at the end
  options.threads = 2;
  const Tuning tuning = Tune(data_, base, options);
  const size_t steps_per_epoch = (300 + 31) / 32;
  size_t epochs = 0;
  double trainings = 0;
  size_t paused = 0;
  for (const TuneTrial& trial : tuning.trials) {
    epochs += trial.done;
    paused += trial.finished ? 0U : 1U;
    trainings += static_cast<double>(trial.done) / 9;
  }
  EXPECT_EQ(steps, epochs * steps_per_epoch);
  EXPECT_GT(paused, 0u);
  EXPECT_LE(trainings, 5 + 1e-9) << "the budget";
  EXPECT_GT(trainings, 4);
  EXPECT_EQ(tuning.source, TuneModelSource::kPart);
  EXPECT_EQ(tuning.model->result.model.ParametersHash(),
            tuning.finalists[0].results[0].model.ParametersHash());
}

TEST_F(TuneTest, TrialsInPiecesAreThoseOfTrain) {
  TuneOptions options = Trials(10);
  options.validation = 0.25;
  options.keep = 3;
  const Tuning tuning = Tune(data_, Small(), options);
  ASSERT_EQ(tuning.finalists.size(), 3u);
  const Split split = SplitStratified(data_, 0.25, 7);
  for (const TuneFinalist& finalist : tuning.finalists) {
    const TuneTrial& trial = tuning.trials[finalist.trial];
    const TrainResult alone = Train(split.train, trial.configuration.options);
    ASSERT_EQ(finalist.results.size(), 1u);
    EXPECT_EQ(finalist.results[0].model.ParametersHash(), alone.model.ParametersHash());
    EXPECT_EQ(trial.loss.mean, Evaluate(alone.model, split.validation).loss);
    EXPECT_FALSE(trial.metric.deviation);
  }
  EXPECT_LE(tuning.trials[tuning.finalists[0].trial].metric.mean,
            tuning.trials[tuning.finalists[1].trial].metric.mean);
}

TEST_F(TuneTest, HasTheSameBitsForAnyNumberOfThreads) {
  for (const Dataset* data : {&data_, &numbers_}) {
    TuneOptions options = Trials(4);
    options.folds = 2;
    const std::string one = TextOf(Tune(*data, Small(), options));
    for (const int threads : {2, 4}) {
      options.threads = threads;
      EXPECT_EQ(TextOf(Tune(*data, Small(), options)), one) << threads;
    }
  }
}

TEST_F(TuneTest, OtherSeedsSearchElsewhere) {
  TrainOptions other = Small();
  other.seed = 8;
  EXPECT_NE(TextOf(Tune(data_, Small(), Trials(3))), TextOf(Tune(data_, other, Trials(3))));
}

TEST_F(TuneTest, RanksByTheMetric) {
  TuneOptions options = Trials(4);
  for (const TuneMetric metric : {TuneMetric::kAccuracy, TuneMetric::kRocAuc}) {
    options.metric = metric;
    const Tuning tuning = Tune(data_, Small(), options);
    for (const TuneTrial& trial : tuning.trials) {
      if (trial.finished) {
        EXPECT_GE(tuning.trials[tuning.ranking[0]].metric.mean, trial.metric.mean);
      }
    }
  }
  options.metric = TuneMetric::kMae;
  const Tuning mae = Tune(numbers_, Small(), options);
  EXPECT_TRUE(mae.regression);
  EXPECT_TRUE(mae.trials[mae.ranking[0]].finished);
  ExpectError(ErrorCode::kInvalidArgument,
              "metric: found mae for a label column of classes, expected loss, accuracy or roc-auc",
              [&] { static_cast<void>(Tune(data_, Small(), options)); });
  options.metric = TuneMetric::kAccuracy;
  EXPECT_THROW(static_cast<void>(Tune(numbers_, Small(), options)), Error);
}

TEST_F(TuneTest, AFailureEndsNoOther) {
  TrainOptions base = Small();
  base.schedule = Schedule::kConstant;
  base.weight_decay = 1000;
  TuneOptions options = Trials(4);
  options.space = {{"lr", "100,0.00001,0.00002"}};
  base.learning_rate = 100;  // diverges
  options.validation = 0.2;
  const Tuning tuning = Tune(data_, base, options);
  EXPECT_THAT(tuning.trials[0].failure, HasSubstr("diverged"));
  EXPECT_EQ(tuning.ranking.back(), 0u);
  EXPECT_EQ(tuning.trials.size(), 3u) << "that is all there is";
  ASSERT_TRUE(tuning.model);
  EXPECT_NE(tuning.model->configuration, 0u);
}

TEST_F(TuneTest, EndsWhereTheSpaceDoes) {
  TuneOptions options = Trials(100);
  options.space = {{"dropout", "0,0.2"}};
  options.validation = 0.2;
  const Tuning tuning = Tune(data_, Small(), options);
  ASSERT_EQ(tuning.trials.size(), 2u) << "the value of the base is no other trial";
  EXPECT_TRUE(tuning.trials[1].finished);
  options.space.clear();
  EXPECT_EQ(Tune(data_, Small(), options).trials.size(), 1u);
}

TEST_F(TuneTest, WithEarlyStoppingTheModelIsThatOfTheTrial) {
  TrainOptions base = Small();
  base.early_stopping = 1;
  base.learning_rate = 0.5;
  TuneOptions options = Trials(3);
  const Tuning tuning = Tune(data_, base, options);
  EXPECT_EQ(tuning.folds, 0u);
  EXPECT_EQ(tuning.validation_examples, 60u);
  EXPECT_EQ(tuning.source, TuneModelSource::kPart);
  ASSERT_TRUE(tuning.model);
  EXPECT_EQ(tuning.model->result.options.validation, 0.2);
}

// ---- Time ----

TEST_F(TuneTest, EndsByTheClock) {
  for (const double tick : {0.005, 0.1}) {
    TuneOptions options = Trials(0);
    options.seconds = 20;
    options.validation = 0.2;
    const std::function<double()> clock = ClockBy(tick);
    double last = 0;
    options.clock = [&] { return last = clock(); };
    const Tuning tuning = Tune(data_, Small(), options);
    EXPECT_LE(last, 20 + 20 * tick) << "a step or so too late at most: " << tick;
    EXPECT_GT(last, 10) << tick;
    EXPECT_FALSE(tuning.stopped);
    EXPECT_TRUE(tuning.trials[0].finished);
    // There is time reserved for it, unless it would take more than two fifths.
    EXPECT_EQ(tuning.source == TuneModelSource::kAll, tick < 0.1) << tick;
  }
}

TEST_F(TuneTest, TooLittleTimeGivesTheFirstTrialAsFarAsItCame) {
  std::string journal;
  TuneOptions options = Trials(0);
  options.seconds = 1;
  options.validation = 0.2;
  options.clock = ClockBy(0.02);
  options.on_journal = Into(journal);
  const Tuning tuning = Tune(data_, Small(), options);
  EXPECT_EQ(tuning.source, TuneModelSource::kStopped);
  ASSERT_TRUE(tuning.model);
  EXPECT_TRUE(tuning.finalists.empty());
  EXPECT_LT(tuning.model->result.steps, 9u * 8);
  EXPECT_GT(tuning.model->result.steps, 5u);
  TuneOptions again;
  again.replay = journal;
  const Tuning replayed = Tune(data_, TrainOptions(), again);
  ASSERT_TRUE(replayed.model);
  EXPECT_EQ(replayed.model->result.model.ParametersHash(),
            tuning.model->result.model.ParametersHash());
}

TEST_F(TuneTest, ATrainingOnAllThatTakesTooLongIsNotTaken) {
  TuneOptions options = Trials(0);
  options.seconds = 20;
  options.folds = 2;
  double now = 0;
  bool slow = false;
  options.clock = [&] { return now += slow ? 5 : 0.005; };
  options.on_refit = [&] { slow = true; };
  const Tuning tuning = Tune(data_, Small(), options);
  EXPECT_TRUE(slow);
  EXPECT_EQ(tuning.source, TuneModelSource::kPart);
  ASSERT_TRUE(tuning.model);
  EXPECT_EQ(tuning.model->data.Hash(), SplitFolds(data_, 2, 7)[0].train.Hash());
}

// ---- Stops ----

TEST_F(TuneTest, AStopGivesTheBestSoFar) {
  std::string journal;
  TuneOptions options = Trials(1000);
  options.validation = 0.2;
  options.on_journal = Into(journal);
  options.on_progress = [](const TuneProgress& p) { return p.finished < 2; };
  options.clock = ClockBy(0.06);  // that progress is told after every step
  const Tuning tuning = Tune(data_, Small(), options);
  EXPECT_TRUE(tuning.stopped);
  EXPECT_EQ(tuning.source, TuneModelSource::kPart);
  ASSERT_TRUE(tuning.model);
  EXPECT_EQ(tuning.model->configuration, tuning.ranking[0]);
  TuneOptions again;
  again.replay = journal;
  EXPECT_EQ(Tune(data_, TrainOptions(), again).model->result.model.ParametersHash(),
            tuning.model->result.model.ParametersHash());
}

TEST_F(TuneTest, AStopAtOnceGivesWhatThereIs) {
  TuneOptions options = Trials(10);
  options.on_progress = [](const TuneProgress&) { return false; };
  const Tuning tuning = Tune(data_, Small(), options);
  EXPECT_TRUE(tuning.stopped);
  EXPECT_EQ(tuning.source, TuneModelSource::kStopped);
  ASSERT_TRUE(tuning.model);
  EXPECT_EQ(tuning.model->result.steps, 1u);
}

// ---- Journals ----

TEST_F(TuneTest, AJournalGivesTheSameAgain) {
  for (const Dataset* data : {&data_, &numbers_}) {
    std::string journal, second;
    TuneOptions options = Trials(0);
    options.seconds = 10;
    options.clock = ClockBy(0.005);
    options.threads = 2;
    options.on_journal = Into(journal);
    const Tuning tuning = Tune(*data, Small(), options);
    EXPECT_GT(tuning.trials.size(), 2u);
    TuneOptions again;
    again.replay = journal;
    again.threads = 3;
    again.on_journal = Into(second);
    EXPECT_EQ(TextOf(Tune(*data, TrainOptions(), again)), TextOf(tuning));
    // And once more, from what that wrote.
    again.replay = second;
    again.on_journal = {};
    EXPECT_EQ(TextOf(Tune(*data, TrainOptions(), again)), TextOf(tuning));
  }
}

TEST_F(TuneTest, AMetricThatIsNoNumberComesOutAgain) {
  // The area under the curve of a part that has examples of one class only.
  const Dataset one_class = data_.Select(std::vector<uint32_t>(5, 0));
  std::string journal;
  TuneOptions options = Trials(2);
  options.metric = TuneMetric::kRocAuc;
  options.validation_data = one_class;
  options.on_journal = Into(journal);
  const Tuning tuning = Tune(data_, Small(), options);
  EXPECT_TRUE(std::isnan(tuning.trials[0].metric.mean));
  TuneOptions again;
  again.replay = journal;
  again.validation_data = one_class;
  EXPECT_EQ(TextOf(Tune(data_, TrainOptions(), again)), TextOf(tuning));
}

TEST_F(TuneTest, AJournalThatDoesNotComeOutIsRefused) {
  std::string journal;
  TuneOptions options = Trials(2);
  options.on_journal = Into(journal);
  static_cast<void>(Tune(data_, Small(), options));
  const auto replay = [&](const Dataset& data, const std::string& text) {
    TuneOptions again;
    again.replay = text;
    again.threads = 1;
    return Tune(data, TrainOptions(), again);
  };
  ExpectError(ErrorCode::kBadData, "replay: found other data, expected those of the journal",
              [&] { static_cast<void>(replay(test::DigitsDataset(300, 3), journal)); });
  ExpectError(ErrorCode::kBadData, "replay: line 1 of the journal is no JSON object",
              [&] { static_cast<void>(replay(data_, "seconds\n")); });
  const auto changed = [&](const std::string& from, const std::string& to) {
    std::string text = journal;
    const size_t place = text.find(from);
    EXPECT_NE(place, std::string::npos) << from;
    return text.replace(place, from.size(), to);
  };
  const auto message = [&](const std::string& text) -> std::string {
    try {
      static_cast<void>(replay(data_, text));
    } catch (const Error& error) {
      EXPECT_EQ(Name(error.code()), std::string(Name(ErrorCode::kBadData))) << error.what();
      return error.what();
    }
    return "nothing thrown";
  };
  EXPECT_THAT(message(changed("\"seconds\":", "\"loss\":1,\"seconds\":")),
              HasSubstr("as in the journal"));
  EXPECT_THAT(message(changed("\"parameters_hash\":\"", "\"parameters_hash\":\"x")),
              HasSubstr("replay: found a model of the parameters hash "));
  EXPECT_THAT(message(changed("\"journal\":1", "\"journal\":2")), HasSubstr("line 1.journal"));
  EXPECT_THAT(message(changed("\"round\":0,\"trial\":0", "\"round\":0,\"trial\":99")),
              HasSubstr("expected a trial of a line before"));
  // One that was cut off gives the best of what it has.
  const size_t end = journal.rfind("{\"model\"");
  EXPECT_TRUE(replay(data_, journal.substr(0, end)).model);
}

TEST_F(TuneTest, RefusesWhatCannotBeMeant) {
  const auto expect = [&](const std::string& message, const TrainOptions& base,
                          const TuneOptions& options) {
    ExpectError(ErrorCode::kInvalidArgument, message, [&] { CheckTuning(base, options); });
  };
  TuneOptions both = Trials(3);
  both.seconds = 1;
  expect("budget: found none, expected budget or trials", Small(), Trials(0));
  expect("budget: found trials, too, expected budget or trials", Small(), both);
  TuneOptions folds = Trials(3);
  folds.folds = 1;
  expect("folds: found 1, expected 2 to 1000", Small(), folds);
  folds.folds = 3;
  TrainOptions stopping = Small();
  stopping.early_stopping = 4;
  expect(
      "early-stopping: found 4, expected no folds: nothing would stop the training on all examples",
      stopping, folds);
  TrainOptions limited = Small();
  limited.max_seconds = 3;
  expect("max-seconds: found 3, expected no such limit: budget is that of all trainings together",
         limited, Trials(3));
}

TEST_F(TuneTest, ChoosesHowToValidate) {
  TuneOptions few;
  ChooseValidation(data_, Small(), few);
  EXPECT_EQ(few.folds, 5u);
  EXPECT_EQ(few.validation, 0);
  TuneOptions many;
  ChooseValidation(test::RandomDataset(3000, 2, 2, 1), Small(), many);
  EXPECT_EQ(many.folds, 0u);
  EXPECT_EQ(many.validation, 0.2);
  TuneOptions tiny;
  ChooseValidation(test::RandomDataset(4, 2, 2, 1), Small(), tiny);
  EXPECT_EQ(tiny.folds, 0u) << "there are fewer examples than folds";
  TuneOptions given;
  given.folds = 3;
  ChooseValidation(data_, Small(), given);
  EXPECT_EQ(given.folds, 3u);
}

}  // namespace
}  // namespace colonnade
