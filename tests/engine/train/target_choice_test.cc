// SPDX-License-Identifier: Apache-2.0
// What TargetScale::kAuto takes, and what comes of the scales.
#include "engine/train/target_choice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "colonnade/error.h"
#include "colonnade/evaluate.h"
#include "colonnade/train.h"
#include "colonnade/trainer.h"
#include "tests/support/random.h"

namespace colonnade {
namespace {

// y = f(x0 + x1 / 2 + noise), of normal x.
Dataset DataOf(size_t examples, const std::function<double(double x)>& f, uint64_t seed = 5) {
  test::Random random(seed);
  const auto normal = [&] {
    float sum = 0;
    for (int i = 0; i < 12; ++i) sum += random.Uniform(-0.5f, 0.5f);
    return sum;
  };
  std::vector<float> values(2 * examples);
  std::vector<float> targets(examples);
  for (size_t e = 0; e < examples; ++e) {
    values[2 * e] = normal();
    values[2 * e + 1] = normal();
    const float x = values[2 * e] + values[2 * e + 1] / 2 + 0.05f * normal();
    targets[e] = static_cast<float>(f(static_cast<double>(x)));
  }
  return Dataset::FromMemory(std::span<const float>(values), targets, {.features = 2});
}

TrainOptions Options() {
  TrainOptions options;
  options.hidden = {16};
  options.epochs = 200;
  options.scale = Scale::kStandard;
  options.optimizer = Optimizer::kAdam;
  options.learning_rate = 0.01;
  options.weight_decay = 0;
  options.dropout = 0;
  options.validation = 0.0;
  return options;
}

double R2(const Model& model, const Dataset& data) { return Evaluate(model, data).regression->r2; }

TEST(TargetChoiceTest, HeavyTailsAreThoseOfFewExamples) {
  EXPECT_FALSE(HasHeavyTails(DataOf(400, [](double x) { return x; })));
  EXPECT_FALSE(HasHeavyTails(DataOf(400, [](double x) { return 1e6 + std::exp(x / 4); })));
  EXPECT_FALSE(HasHeavyTails(DataOf(400, [](double) { return 3; })));
  EXPECT_FALSE(HasHeavyTails(DataOf(400, [](double x) { return x > 0 ? 1 : 0; })));
  EXPECT_TRUE(HasHeavyTails(DataOf(400, [](double x) { return std::exp(2 * x); })));
  EXPECT_TRUE(HasHeavyTails(DataOf(400, [](double x) { return -std::exp(2 * x); })));
  EXPECT_TRUE(HasHeavyTails(DataOf(400, [](double x) { return x > 2.6 ? 1e30 : x; })));
}

TEST(TargetChoiceTest, WithoutThemTheBitsAreThoseOfStandard) {
  const Dataset data = DataOf(300, [](double x) { return 5 + x; });
  TrainOptions options = Options();
  const TrainResult chosen = Train(data, options);
  EXPECT_EQ(chosen.options.target_scale, TargetScale::kStandard);
  options.target_scale = TargetScale::kStandard;
  const TrainResult asked = Train(data, options);
  EXPECT_EQ(chosen.model.ParametersHash(), asked.model.ParametersHash());
  EXPECT_EQ(chosen.model.target_scaling(), asked.model.target_scaling());
}

TEST(TargetChoiceTest, TakesWhatPredictsBest) {
  const struct {
    const char* name;
    TargetScale expected;
    double (*f)(double x);
  } cases[] = {
      {"prices", TargetScale::kLog, [](double x) { return std::exp(8 + 2 * x); }},
      {"debts", TargetScale::kQuantile, [](double x) { return -std::exp(8 + 2 * x); }},
      {"both", TargetScale::kQuantile, [](double x) { return std::sinh(3 * x); }},
      {"tiny", TargetScale::kQuantile, [](double x) { return std::exp(2 * x - 20); }},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    const Dataset data = DataOf(400, c.f);
    const Dataset others = DataOf(400, c.f, 6);
    TrainOptions options = Options();
    const TrainResult chosen = Train(data, options);
    EXPECT_EQ(chosen.options.target_scale, c.expected);
    options.threads = 3;
    EXPECT_EQ(Train(data, options).model.ParametersHash(), chosen.model.ParametersHash());
    options.target_scale = c.expected;
    const TrainResult asked = Train(data, options);
    EXPECT_EQ(asked.model.ParametersHash(), chosen.model.ParametersHash());
    options.target_scale = TargetScale::kStandard;
    EXPECT_GT(R2(chosen.model, others), R2(Train(data, options).model, others) + 0.05);
    const Model loaded = Model::FromBytes(chosen.model.ToBytes());
    EXPECT_EQ(loaded.target_scaling(), chosen.model.target_scaling());
    EXPECT_EQ(loaded.Values(others), chosen.model.Values(others));
  }
}

// What the best epoch is chosen by.
TEST(TargetChoiceTest, TheErrorOnTheLearnedScaleIsMeasured) {
  const Dataset data = DataOf(400, [](double x) { return std::exp(8 + 2 * x); });
  TrainOptions options = Options();
  options.target_scale = TargetScale::kStandard;
  EXPECT_FALSE(Evaluate(Train(data, options).model, data).regression->learned_squared_error);
  options.target_scale = TargetScale::kLog;
  const Model model = Train(data, options).model;
  const std::vector<double> values = model.Values(data);
  double sum = 0;
  for (size_t e = 0; e < data.examples(); ++e) {
    const double r = std::log1p(values[e]) - std::log1p(data.TargetOf(e));
    sum += r * r;
  }
  const auto n = static_cast<double>(data.examples());
  EXPECT_NEAR(*Evaluate(model, data).regression->learned_squared_error, sum / n, 1e-12 * sum);
  // Of scores, which the quantiles of the training data give, the same as of the targets learned.
  options.target_scale = TargetScale::kQuantile;
  const Evaluation of_scores = Evaluate(Train(data, options).model, data);
  EXPECT_GT(*of_scores.regression->learned_squared_error, 0);
  EXPECT_LT(*of_scores.regression->learned_squared_error, 0.1) << "of a variance of 1";
}

TEST(TargetChoiceTest, AnOutlierDoesNotKeepOthersFromBeingLearned) {
  const Dataset data = DataOf(400, [](double x) { return x > 2.6 ? 1e30 : 100 + 10 * x; });
  for (const TargetScale scale :
       {TargetScale::kAuto, TargetScale::kStandard, TargetScale::kLog, TargetScale::kQuantile}) {
    SCOPED_TRACE(Name(scale));
    TrainOptions options = Options();
    options.target_scale = scale;
    const std::vector<double> values = Train(data, options).model.Values(data);
    for (const double value : values) ASSERT_TRUE(std::isfinite(value));
  }
}

TEST(TargetChoiceTest, ConstantsAndFewExamplesAreLearned) {
  for (const TargetScale scale :
       {TargetScale::kAuto, TargetScale::kNone, TargetScale::kLog, TargetScale::kQuantile}) {
    SCOPED_TRACE(Name(scale));
    TrainOptions options = Options();
    options.target_scale = scale;
    options.epochs = 2000;
    const Dataset constant = DataOf(60, [](double) { return 7; });
    for (const double value : Train(constant, options).model.Values(constant)) {
      EXPECT_NEAR(value, 7, 1);
    }
    const Dataset few = DataOf(3, [](double x) { return std::exp(9 * x); });
    EXPECT_TRUE(std::isfinite(Train(few, options).model.Values(few)[0]));
    const Dataset two = DataOf(100, [](double x) { return x > 0 ? 1 : 0; });
    EXPECT_GT(R2(Train(two, options).model, two), 0.7);
  }
}

TEST(TargetChoiceTest, ACheckpointGoesOnWithWhatWasChosen) {
  const Dataset data = DataOf(200, [](double x) { return std::exp(8 + 2 * x); });
  TrainOptions options = Options();
  options.epochs = 10;
  const TrainResult whole = Train(data, options);
  ASSERT_EQ(whole.options.target_scale, TargetScale::kLog);
  std::string kept;
  options.on_checkpoint = [&](std::string_view bytes) { kept = bytes; };
  options.on_progress = [](const Progress& p) { return p.step < 7; };
  static_cast<void>(Train(data, options));
  options.on_progress = {};
  options.resume_from = kept;
  const TrainResult resumed = Train(data, options);
  EXPECT_EQ(resumed.resumed_step, 7u);
  EXPECT_EQ(resumed.model.ParametersHash(), whole.model.ParametersHash());
  EXPECT_EQ(resumed.model.target_scaling(), whole.model.target_scaling());

  // Older programs knew no choice.
  options.resume_from.clear();
  options.target_scale = TargetScale::kStandard;
  options.on_progress = [](const Progress& p) { return p.step < 7; };
  const TrainResult standard = Train(data, options);
  options.resume_from = kept;
  options.target_scale = TargetScale::kAuto;
  EXPECT_EQ(Train(data, options).options.target_scale, TargetScale::kStandard);
}

TEST(TargetChoiceTest, OtherLossesAndAStartKeepTheirScale) {
  const Dataset data = DataOf(200, [](double x) { return std::exp(8 + 2 * x); });
  TrainOptions options = Options();
  options.epochs = 3;
  const Model start = Train(data, options).model;
  TrainOptions other = options;
  other.loss = Loss::kHuber;
  EXPECT_EQ(Train(data, other).options.target_scale, TargetScale::kStandard);
  other.loss = Loss::kPoisson;
  EXPECT_EQ(Train(data, other).options.target_scale, TargetScale::kStandard);
  other.loss = Loss::kQuantile;
  EXPECT_EQ(Train(data, other).options.target_scale, TargetScale::kQuantile);
  options.StartFrom(start);
  const TrainResult more = Train(data, options);
  EXPECT_EQ(more.options.target_scale, TargetScale::kLog);
  EXPECT_EQ(more.model.target_scaling().knots, start.target_scaling().knots);
  EXPECT_EQ(more.model.target_scaling().offset, start.target_scaling().offset);
  const Trainer pieces(data, Options());
  EXPECT_EQ(pieces.model().target_scaling().transform, TargetTransform::kNone);
}

// The mean of what is predicted is that of the numbers, although the logarithm was learned.
TEST(TargetChoiceTest, LogarithmsArePredictedWithoutBias) {
  test::Random random(8);
  const Dataset data = DataOf(2000, [&](double x) {
    return std::exp(5 + x + 2 * static_cast<double>(random.Uniform(-1, 1)));
  });
  TrainOptions options = Options();
  options.epochs = 20;
  options.target_scale = TargetScale::kLog;
  const TrainResult result = Train(data, options);
  EXPECT_NEAR(result.model.target_scaling().smearing, std::log(std::sinh(2) / 2), 0.05);
  double predicted = 0;
  double sum = 0;
  const std::vector<double> values = result.model.Values(data);
  for (size_t e = 0; e < data.examples(); ++e) {
    predicted += values[e];
    sum += data.TargetOf(e);
  }
  EXPECT_NEAR(predicted / sum, 1, 0.08);
  options.loss = Loss::kHuber;
  EXPECT_EQ(Train(data, options).model.target_scaling().smearing, 0);
}

}  // namespace
}  // namespace colonnade
