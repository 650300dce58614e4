// SPDX-License-Identifier: Apache-2.0
// Every loss with every activation: the gradient that a training step applies against central
// differences in double precision; and what the losses do to training and to the model.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "colonnade/error.h"
#include "colonnade/evaluate.h"
#include "colonnade/options.h"
#include "colonnade/train.h"
#include "engine/data/storage.h"
#include "tests/support/datasets.h"
#include "tests/support/errors.h"
#include "tests/support/plain_options.h"
#include "tests/support/random.h"
#include "tests/support/reference_losses.h"
#include "tests/support/reference_network.h"
#include "tests/support/temp_dir.h"

namespace colonnade {
namespace {

using ::testing::HasSubstr;

struct Case {
  std::string name;
  Loss loss;
  size_t classes;  // 0: targets
  double smoothing = 0;
  bool class_weights = false;
  bool weights = false;
  double option = 1;                // huber_delta, or the only quantile
  std::vector<double> levels = {};  // else
};

std::vector<Case> Cases() {
  std::vector<Case> cases = {
      {"CrossEntropy", Loss::kCrossEntropy, 3},
      {"Weights", Loss::kCrossEntropy, 3, 0, false, true},
      {"ClassWeights", Loss::kCrossEntropy, 3, 0, true, false},
      {"Smoothing", Loss::kCrossEntropy, 3, 0.2},
      {"AllTogether", Loss::kCrossEntropy, 4, 0.1, true, true},
      {"Binary", Loss::kBinaryCrossEntropy, 2},
      {"BinaryWeighted", Loss::kBinaryCrossEntropy, 2, 0, true, true},
  };
  for (const LossRow& row : kLosses) {
    if (!row.for_numbers) continue;
    std::string name = row.name;
    std::ranges::replace(name, '-', '_');
    cases.push_back({name, row.value, 0, 0, false, false, 0.5});
    cases.push_back({name + "_weighted", row.value, 0, 0, false, true, 0.75});
  }
  cases.push_back({"Quantiles", Loss::kQuantile, 0, 0, false, true, 0, {0.1, 0.5, 0.75}});
  return cases;
}

TEST(LossCases, HaveEveryLoss) {
  const std::vector<Case> cases = Cases();
  for (const LossRow& row : kLosses) {
    EXPECT_EQ(std::ranges::count(cases, row.value, &Case::loss) > 0, row.value != Loss::kAuto)
        << row.name;
  }
}

// The same examples with the sizes of their targets.
Dataset NotNegative(const Dataset& data) {
  std::vector<float> values;
  std::vector<float> targets;
  for (size_t e = 0; e < data.examples(); ++e) {
    const std::vector<float> example = test::ValuesOf(data, e);
    values.insert(values.end(), example.begin(), example.end());
    targets.push_back(std::abs(data.targets()[e]));
  }
  return Dataset::FromMemory(std::span<const float>(values), targets, data.schema());
}

Dataset MakeData(const Case& c, size_t examples) {
  constexpr size_t kFeatures = 5;
  Dataset data = c.classes > 0 ? test::RandomDataset(examples, kFeatures, c.classes, 2)
                               : test::RandomTargets(examples, kFeatures, 2);
  if (c.loss == Loss::kPoisson) data = NotNegative(data);
  if (c.weights) {
    test::Random random(9);
    std::vector<float> weights(examples);
    for (float& weight : weights) weight = random.Uniform(0, 3);
    data = data.WithWeights(weights);
  }
  return data;
}

TrainOptions MakeOptions(const Case& c) {
  TrainOptions options = test::PlainOptions();
  options.loss = c.loss;
  options.label_smoothing = c.smoothing;
  if (Belongs(options, "huber-delta")) options.huber_delta = c.option;
  if (Belongs(options, "quantiles")) {
    options.quantiles = c.levels.empty() ? std::vector{c.option} : c.levels;
  }
  if (c.class_weights) options.class_weight.values = {0.5, 3, 1, 2};
  options.class_weight.values.resize(c.class_weights ? c.classes : 0);
  return options;
}

// The loss of one example, and its weight in the mean.
struct Term {
  double loss, weight;
};

Term TermOf(const Case& c, const Dataset& data, const std::vector<double>& class_weights,
            const TargetScaling& target, const std::vector<double>& z, size_t e) {
  const double weight = c.weights ? static_cast<double>(data.weights()[e]) : 1;
  if (c.classes == 0) {
    const double y = (static_cast<double>(data.targets()[e]) - static_cast<double>(target.offset)) /
                     static_cast<double>(target.scale);
    const auto value = [&](double output, double option) {
      if (c.loss != Loss::kPoisson) return test::ReferenceOf(c.loss).value(output, y, option);
      // Of the mean of the targets.
      const double rate = std::exp(-static_cast<double>(target.offset));
      return test::ReferenceOf(c.loss).value(output, static_cast<double>(data.targets()[e]) * rate,
                                             option);
    };
    if (c.levels.empty()) return {weight * value(z[0], c.option), weight};
    double sum = 0;
    for (size_t q = 0; q < z.size(); ++q) sum += value(z[q], c.levels[q]);
    return {weight * sum / static_cast<double>(z.size()), weight};
  }
  const size_t label = data.labels()[e];
  const auto class_weight = [&](size_t k) { return class_weights.empty() ? 1 : class_weights[k]; };
  if (c.loss == Loss::kBinaryCrossEntropy) {
    const double wrong = label == 0 ? z[0] : -z[0];
    return {weight * class_weight(label) * std::log1p(std::exp(wrong)),
            weight * class_weight(label)};
  }
  double sum = 0;
  for (const double value : z) sum += std::exp(value);
  double loss = 0;
  for (size_t k = 0; k < z.size(); ++k) {
    const double part =
        c.smoothing / static_cast<double>(z.size()) + (k == label ? 1 - c.smoothing : 0);
    loss += part * class_weight(k) * (std::log(sum) - z[k]);
  }
  return {weight * loss, weight * class_weight(label)};
}

class LossTest : public ::testing::TestWithParam<Case> {};

void ExpectCentralDifferences(const Case& c, bool batch_norm) {
  const Dataset data = MakeData(c, 23);
  for (const auto& [activation, name] : kActivations) {
    SCOPED_TRACE(name);
    TrainOptions options = MakeOptions(c);
    options.hidden = {6, 4};
    options.activation = activation;
    options.epochs = 1;
    options.batch_size = 0;
    options.optimizer = Optimizer::kSgd;
    options.schedule = Schedule::kConstant;
    options.scale = Scale::kNone;
    options.seed = 3;
    options.init = Initialization::kUniform;
    options.batch_norm = batch_norm;
    options.learning_rate = 0.1;
    const Model trained = Train(data, options).model;
    if (batch_norm) options.start = trained;  // gamma is not 1 any more
    options.learning_rate = 1e-30;            // too small to move any float
    const Model start = Train(data, options).model;
    options.learning_rate = 1;
    const TrainResult after = Train(data, options);
    const std::vector<float> before = test::ParametersOf(start);
    const std::vector<float> moved = test::ParametersOf(after.model);

    test::ReferenceNetwork reference(start);
    const std::vector<double> inputs = test::ScaledValues(data, start.scaling());
    const auto loss = [&] {
      Term sum = {0, 0};
      const std::vector<std::vector<double>> z = reference.BatchLogits(inputs);
      for (size_t e = 0; e < data.examples(); ++e) {
        const Term term =
            TermOf(c, data, options.class_weight.values, start.target_scaling(), z[e], e);
        sum.loss += term.loss;
        sum.weight += term.weight;
      }
      return sum.loss / sum.weight;
    };
    ASSERT_NEAR(after.loss, loss(), 2e-6);
    const std::vector<double*> parameters = reference.Parameters();
    ASSERT_EQ(parameters.size(), moved.size());
    constexpr double kStep = 1e-6;  // so small that no unit is that near to a kink
    double largest = 0;
    for (size_t i = 0; i < parameters.size(); ++i) {
      const double value = *parameters[i];
      *parameters[i] = value + kStep;
      const double above = loss();
      *parameters[i] = value - kStep;
      const double below = loss();
      *parameters[i] = value;
      const double expected = (above - below) / (2 * kStep);
      const double actual = static_cast<double>(before[i]) - static_cast<double>(moved[i]);
      ASSERT_NEAR(actual, expected, 2e-5 * std::abs(expected) + 6e-7) << "parameter " << i;
      largest = std::max(largest, std::abs(expected));
    }
    EXPECT_GT(largest, 1e-3) << "all gradients vanish: the comparison proves nothing";
  }
}

TEST_P(LossTest, GradientMatchesCentralDifferencesWithEveryActivation) {
  ExpectCentralDifferences(GetParam(), false);
}

TEST_P(LossTest, GradientMatchesCentralDifferencesWithBatchNorm) {
  ExpectCentralDifferences(GetParam(), true);
}

TEST_P(LossTest, GivesTheSameBitsForAnyThreadsAndInAFile) {
  const Case& c = GetParam();
  const Dataset data = MakeData(c, 1500);
  TrainOptions options = MakeOptions(c);
  options.hidden = {20};
  options.activation = Activation::kTanh;
  options.learning_rate = 0.01;
  options.epochs = 2;
  for (const size_t batch_size : {200u, 0u}) {
    options.batch_size = batch_size;
    options.threads = 1;
    const TrainResult one = Train(data, options);
    const Evaluation evaluation = Evaluate(one.model, data, 1);
    for (const int threads : {2, 3, 8}) {
      options.threads = threads;
      const TrainResult many = Train(data, options);
      EXPECT_EQ(many.model.ParametersHash(), one.model.ParametersHash());
      EXPECT_EQ(many.loss, one.loss);
      if (c.classes > 0) {
        EXPECT_EQ(many.accuracy, one.accuracy);
      }
      EXPECT_EQ(Evaluate(many.model, data, threads).loss, evaluation.loss);
    }
    const test::TempDir dir;
    one.model.Save(dir.path() / "m");
    const Model loaded = Model::Load(dir.path() / "m");
    EXPECT_EQ(loaded.shape(), one.model.shape());
    EXPECT_EQ(loaded.target_scaling(), one.model.target_scaling());
    EXPECT_EQ(Evaluate(loaded, data, 1).loss, evaluation.loss);
  }
}

TEST_P(LossTest, InBf16TrainsAboutAsWell) {
  const Case& c = GetParam();
  const Dataset data = MakeData(c, 400);
  TrainOptions options = MakeOptions(c);
  options.hidden = {20};
  options.learning_rate = 0.01;
  options.epochs = 20;
  const double f32 = Train(data, options).loss;
  options.precision = Precision::kBf16;
  EXPECT_NEAR(Train(data, options).loss, f32, 0.05 * f32);
}

INSTANTIATE_TEST_SUITE_P(Losses, LossTest, ::testing::ValuesIn(Cases()),
                         [](const auto& c) { return c.param.name; });

TEST(RegressionTest, PredictsInTheUnitsOfTheData) {
  // y = 1000 + 50 · (x0 − x1)
  test::Random random(4);
  std::vector<float> values(3 * 500);
  std::vector<float> targets(500);
  for (float& value : values) value = random.Uniform(-1, 1);
  for (size_t e = 0; e < 500; ++e) targets[e] = 1000 + 50 * (values[3 * e] - values[3 * e + 1]);
  Schema schema;
  schema.features = 3;
  const Dataset data = Dataset::FromMemory(std::span<const float>(values), targets, schema);
  EXPECT_TRUE(data.regression());
  EXPECT_EQ(data.classes(), 0u);
  EXPECT_TRUE(std::ranges::equal(data.targets(), targets));
  TrainOptions options = test::PlainOptions();
  options.hidden = {16};
  const Model model = Train(data, options).model;
  const Evaluation evaluation = Evaluate(model, data);
  ASSERT_TRUE(evaluation.regression);
  EXPECT_GT(evaluation.regression->r2, 0.99);
  EXPECT_LT(evaluation.regression->rmse, 4);
  EXPECT_NEAR(evaluation.loss, evaluation.regression->rmse * evaluation.regression->rmse, 1e-9);
  const std::vector<double> predictions = model.Values(data);
  std::vector<double> from_memory(500);
  model.Values(values, from_memory);
  EXPECT_EQ(predictions, from_memory);
  double error = 0;
  for (size_t e = 0; e < 500; ++e) {
    error += std::abs(predictions[e] - static_cast<double>(targets[e]));
  }
  EXPECT_NEAR(evaluation.regression->mae, error / 500, 1e-9);
  EXPECT_THROW(model.Classes(data), Error);
  EXPECT_THROW(model.Probabilities(data), Error);
}

TEST(RegressionTest, MetricsAreThoseOfScikitLearn) {
  // One input that is the prediction itself.
  const NetworkShape shape{.layers = {{.inputs = 1, .outputs = 1}}, .output = OutputKind::kLinear};
  Schema schema;
  schema.features = 1;
  const Model model(shape, std::vector<LayerParameters>{{{1.0f}, {0.0f}}}, {Scale::kNone, {0}, {1}},
                    schema);
  const std::vector<float> predictions = {2.5f, 0, 2, 8};
  const std::vector<float> targets = {3, -0.5f, 2, 7};
  Dataset data = Dataset::FromMemory(std::span<const float>(predictions), targets, schema);
  const Evaluation plain = Evaluate(model, data);
  EXPECT_NEAR(plain.regression->rmse, std::sqrt(0.375), 1e-12);  // mean_squared_error
  EXPECT_NEAR(plain.regression->mae, 0.5, 1e-12);
  EXPECT_NEAR(plain.regression->r2, 0.9486081370449679, 1e-12);
  data = data.WithWeights(std::vector<float>{1, 2, 0, 3});
  const Evaluation weighted = Evaluate(model, data);
  EXPECT_NEAR(weighted.regression->rmse * weighted.regression->rmse, 3.75 / 6, 1e-12);
  EXPECT_NEAR(weighted.regression->mae, 4.5 / 6, 1e-12);
  EXPECT_NEAR(weighted.regression->r2, 1 - 3.75 / (3 * 3 + 2 * 0.25 + 3 * 49 - 23.0 * 23 / 6),
              1e-9);
}

TEST(RegressionTest, LargeNumbersAreMeasuredInDouble) {
  // Seconds since 1970, of which a float has every 128th.
  constexpr double kOffset = 1'700'000'000;
  const std::vector<float> predictions = {-3, 0.25f, 2, 100};
  const std::vector<double> numbers = {kOffset - 2, kOffset + 0.25, kOffset + 4, kOffset + 96};
  auto storage = std::make_unique<Dataset::Storage>();
  storage->schema.features = 1;
  storage->schema.target_offset = kOffset;
  storage->examples = 4;
  storage->type = ElementType::kF32;
  storage->stride = ColumnStride(1, sizeof(float));
  storage->floats = AlignedBuffer<float>::Zeroed(4 * storage->stride);
  storage->targets = AlignedBuffer<float>(4);
  storage->exact_targets = AlignedBuffer<double>(4);
  for (size_t e = 0; e < 4; ++e) {
    storage->floats[e * storage->stride] = predictions[e];
    storage->targets[e] = static_cast<float>(numbers[e] - kOffset);
    storage->exact_targets[e] = numbers[e];
  }
  const Dataset data(std::move(storage));
  const NetworkShape shape{.layers = {{.inputs = 1, .outputs = 1}}, .output = OutputKind::kLinear};
  const Model model(shape, std::vector<LayerParameters>{{{1.0f}, {0.0f}}}, {Scale::kNone, {0}, {1}},
                    data.schema());
  std::vector<double> expected;
  for (const float p : predictions) expected.push_back(kOffset + static_cast<double>(p));
  EXPECT_EQ(model.Values(data), expected);
  std::vector<double> doubles(4);
  model.Values(predictions, doubles);
  EXPECT_EQ(doubles, expected);
  std::vector<float> floats(4);
  model.Values(predictions, floats);
  EXPECT_EQ(floats[3], static_cast<float>(expected[3]));
  const RegressionMetrics metrics = *Evaluate(model, data).regression;
  EXPECT_DOUBLE_EQ(metrics.rmse, std::sqrt((1 + 0 + 4 + 16) / 4.0));
  EXPECT_DOUBLE_EQ(metrics.mae, (1 + 0 + 2 + 4) / 4.0);
  EXPECT_NEAR(metrics.r2, 0.9968, 1e-3);

  // So are those that a training on them predicts.
  TrainOptions options;
  options.epochs = 1;
  options.hidden = std::vector<size_t>();
  EXPECT_LT(std::abs(Train(data, options).model.Values(data)[1] - kOffset), 1000);
}

TEST(RegressionTest, ALogarithmicScaleSuitsNumbersOverOrdersOfMagnitude) {
  test::Random random(3);
  std::vector<float> values(400);
  std::vector<float> targets(400);
  for (size_t e = 0; e < values.size(); ++e) {
    values[e] = random.Uniform(0, 1);
    targets[e] = std::expm1(2 + 9 * values[e]);
  }
  Schema schema;
  schema.features = 1;
  const Dataset data = Dataset::FromMemory(std::span<const float>(values), targets, schema);
  TrainOptions options = test::PlainOptions();
  options.hidden = {16};
  options.epochs = 30;
  options.target_scale = TargetScale::kLog;
  const Model model = Train(data, options).model;
  EXPECT_EQ(model.target_scaling().transform, TargetTransform::kLog1p);
  const std::vector<double> predictions = model.Values(data);
  for (size_t e = 0; e < 400; ++e) {
    EXPECT_NEAR(std::log(predictions[e] / static_cast<double>(targets[e])), 0, 0.7) << e;
  }
  EXPECT_GT(Evaluate(model, data).regression->r2, 0.9);
  const Model loaded = Model::FromBytes(model.ToBytes());
  EXPECT_EQ(loaded.target_scaling(), model.target_scaling());
  EXPECT_EQ(loaded.Values(data), predictions);

  targets[7] = -1;
  test::ExpectError(
      ErrorCode::kInvalidArgument,
      "target-scale: found log with the number -1 to predict (example 7), expected "
      "numbers above -1; target-scale standard takes any",
      [&] {
        return Train(Dataset::FromMemory(std::span<const float>(values), targets, schema), options);
      });
}

// A model of one input that is its output. Numbers of scikit-learn 1.6: mean_poisson_deviance,
// mean_pinball_loss.
TEST(RegressionTest, OtherLossesHaveMetricsOfTheirOwn) {
  NetworkShape shape{.layers = {{.inputs = 1, .outputs = 1}}, .output = OutputKind::kLinear};
  const Scaling scaling = {Scale::kNone, {0}, {1}};
  const Schema schema = {.features = 1};
  const std::vector<float> outputs = {0, 0.5f, 1, -1};
  const Dataset counts =
      Dataset::FromMemory(std::span<const float>(outputs), std::vector<float>{1, 0, 4, 2}, schema);
  const Model poisson(shape, std::vector<LayerParameters>{{{1}, {0}}}, scaling, schema,
                      {.transform = TargetTransform::kLog});
  const Evaluation of_counts = Evaluate(poisson, counts);
  EXPECT_DOUBLE_EQ(poisson.Values(counts)[2], std::exp(1.0));
  EXPECT_NEAR(of_counts.regression->poisson_deviance.value(), 1.8331771729650341, 1e-6);
  EXPECT_EQ(of_counts.loss, of_counts.regression->poisson_deviance);
  EXPECT_NEAR(Evaluate(poisson, counts.WithWeights(std::vector<float>{1, 2, 0, 3})).loss,
              2.8533213160914186, 1e-6);
  const Dataset debts =
      Dataset::FromMemory(std::span<const float>(outputs), std::vector<float>{1, 0, -4, 2}, schema);
  test::ExpectError(ErrorCode::kBadData,
                    "data: found the number -4 (example 2), expected numbers from 0 on (of a model "
                    "of the loss poisson)",
                    [&] { static_cast<void>(Evaluate(poisson, debts)); });

  shape.layers[0].outputs = 2;
  const Model quantiles(shape, std::vector<LayerParameters>{{{1, -1}, {0, 2}}}, scaling, schema,
                        {.levels = {0.2f, 0.9f}});
  // Those that cross are put in order.
  EXPECT_EQ(quantiles.Values(counts), (std::vector<double>{0, 2, 0.5, 1.5, 1, 1, -1, 3}));
  std::vector<float> from_memory(8);
  quantiles.Values(outputs, from_memory);
  EXPECT_EQ(from_memory, (std::vector<float>{0, 2, 0.5f, 1.5f, 1, 1, -1, 3}));
  const Evaluation e = Evaluate(quantiles, counts);
  ASSERT_EQ(e.regression->quantiles.size(), 2u);
  EXPECT_EQ(e.regression->quantiles[0].level, 0.2);
  EXPECT_NEAR(e.regression->quantiles[0].pinball, 0.45, 1e-12);
  EXPECT_NEAR(e.regression->quantiles[0].coverage, 0.25, 1e-12);
  EXPECT_NEAR(e.regression->quantiles[1].pinball, 0.7625, 1e-12);
  EXPECT_NEAR(e.regression->quantiles[1].coverage, 0.75, 1e-12);
  EXPECT_NEAR(e.loss, (0.45 + 0.7625) / 2, 1e-12);
}

TEST(RegressionTest, QuantilesCoverWhatTheySay) {
  test::Random random(3);
  std::vector<float> values(3000);
  std::vector<float> targets(3000);
  for (size_t e = 0; e < values.size(); ++e) {
    values[e] = random.Uniform(0, 1);
    targets[e] = 5 + 10 * values[e] * random.Uniform(-1, 1);
  }
  const Dataset data =
      Dataset::FromMemory(std::span<const float>(values), targets, {.features = 1});
  TrainOptions options;
  options.hidden = {16};
  options.epochs = 40;
  options.loss = Loss::kQuantile;
  for (const TargetScale scale : {TargetScale::kStandard, TargetScale::kQuantile}) {
    options.target_scale = scale;
    const Model model = Train(data, options).model;
    EXPECT_EQ(model.target_scaling().levels, (std::vector<float>{0.1f, 0.5f, 0.9f}));
    const Evaluation e = Evaluate(model, data);
    for (const QuantileMetrics& m : e.regression->quantiles) {
      EXPECT_NEAR(m.coverage, m.level, 0.03);
    }
    const std::vector<double> predictions = model.Values(data);
    ASSERT_EQ(predictions.size(), 9000u);
    for (size_t i = 0; i < predictions.size(); i += 3) {
      ASSERT_TRUE(std::is_sorted(&predictions[i], &predictions[i] + 3));
    }
    const Model loaded = Model::FromBytes(model.ToBytes());
    EXPECT_EQ(loaded.target_scaling(), model.target_scaling());
    EXPECT_EQ(loaded.Values(data), predictions);
  }
}

TEST(WeightsTest, MetricsAreWeighted) {
  // The class is the sign of the only input.
  const NetworkShape shape{.layers = {{.inputs = 1, .outputs = 1}}, .output = OutputKind::kSigmoid};
  Schema schema;
  schema.features = 1;
  schema.classes = {"no", "yes"};
  const Model model(shape, std::vector<LayerParameters>{{{1.0f}, {0.0f}}}, {Scale::kNone, {0}, {1}},
                    schema);
  const std::vector<float> values = {-1, 1, 2, -3};
  const std::vector<uint32_t> labels = {0, 1, 0, 1};
  Dataset data = Dataset::FromMemory(std::span<const float>(values), labels, schema);
  EXPECT_EQ(Evaluate(model, data).accuracy, 0.5);
  data = data.WithWeights(std::vector<float>{1, 4, 2, 3});
  const Evaluation e = Evaluate(model, data);
  EXPECT_EQ(e.accuracy, 0.5);
  EXPECT_EQ(e.correct, 2u);
  EXPECT_NEAR(e.per_class[1].precision, 4.0 / 6, 1e-12);
  EXPECT_NEAR(e.per_class[1].recall, 4.0 / 7, 1e-12);
  EXPECT_EQ(e.per_class[1].support, 2u);
  const auto loss = [](double wrong) { return std::log1p(std::exp(wrong)); };
  EXPECT_NEAR(e.loss, (loss(-1) + 4 * loss(-1) + 2 * loss(2) + 3 * loss(3)) / 10, 1e-6);
  const std::vector<float> p = model.Probabilities(data);
  EXPECT_NEAR(p[3], 1 / (1 + std::exp(-1.0)), 1e-6);
  EXPECT_EQ(p[2], 1 - p[3]);
}

TEST(WeightsTest, AWeightOfTwoIsTheExampleTwice) {
  const std::vector<float> values = {0.5f, -1, 2, 0.25f, 1, 1};
  Schema schema;
  schema.features = 2;
  Dataset weighted =
      Dataset::FromMemory(std::span<const float>(values), std::vector<uint32_t>{0, 1, 2}, schema);
  weighted = weighted.WithWeights(std::vector<float>{1, 2, 1});
  const std::vector<float> twice = {0.5f, -1, 2, 0.25f, 2, 0.25f, 1, 1};
  const Dataset repeated =
      Dataset::FromMemory(std::span<const float>(twice), std::vector<uint32_t>{0, 1, 1, 2}, schema);
  TrainOptions options = test::PlainOptions();
  options.batch_size = 0;
  options.epochs = 3;
  options.scale = Scale::kNone;
  options.hidden = {4};
  const std::vector<float> a = test::ParametersOf(Train(weighted, options).model);
  const std::vector<float> b = test::ParametersOf(Train(repeated, options).model);
  for (size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 1e-6);
}

TEST(WeightsTest, BadOnesAreRefused) {
  Dataset data = test::RandomDataset(3, 2, 2, 1);
  EXPECT_THROW(std::ignore = data.WithWeights(std::vector<float>{1, 2}), Error);
  EXPECT_THROW(std::ignore = data.WithWeights(std::vector<float>{1, -2, 1}), Error);
  EXPECT_THROW(std::ignore = data.WithWeights(std::vector<float>{1, NAN, 1}), Error);
  EXPECT_THROW(std::ignore = data.WithWeights(std::vector<float>{0, 0, 0}), Error);
}

std::string Refusal(const Dataset& data, const TrainOptions& options) {
  try {
    static_cast<void>(Train(data, options));
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    return error.what();
  }
  return "";
}

TEST(LossOptionsTest, WhatDoesNotGoTogetherIsRefused) {
  const Dataset classes = test::RandomDataset(30, 2, 3, 1);
  const Dataset targets = test::RandomTargets(30, 2, 1);
  TrainOptions options;
  options.loss = Loss::kHuber;
  EXPECT_THAT(Refusal(classes, options),
              HasSubstr("loss: found huber for a label column of classes"));
  options.loss = Loss::kBinaryCrossEntropy;
  EXPECT_THAT(Refusal(classes, options), HasSubstr("loss: found bce for 3 classes"));
  EXPECT_THAT(Refusal(targets, options),
              HasSubstr("loss: found bce for a label column of numbers"));
  options = {};
  options.label_smoothing = 0.1;
  EXPECT_THAT(Refusal(targets, options), HasSubstr("label-smoothing: found 0.1"));
  options.label_smoothing = 1;
  EXPECT_THAT(Refusal(classes, options), HasSubstr("label-smoothing: found 1, expected"));
  options = {};
  options.class_weight.balanced = true;
  EXPECT_THAT(Refusal(targets, options), HasSubstr("class-weight: found balanced for numbers"));
  options = {};
  options.class_weight.values = {1, 2};
  EXPECT_THAT(Refusal(classes, options), HasSubstr("class-weight: found 2, expected 3"));
  options.class_weight.values = {1, 2, -1};
  EXPECT_THAT(Refusal(classes, options), HasSubstr("class-weight: found -1"));
  options = {};
  options.huber_delta = 0;
  EXPECT_THAT(Refusal(targets, options), HasSubstr("huber-delta: found 0"));
  options = {};
  options.quantiles = {0.5, 1};
  EXPECT_THAT(Refusal(targets, options), HasSubstr("quantiles: found 1"));
  options.quantiles = {0.5, 0.5};
  EXPECT_THAT(Refusal(targets, options),
              HasSubstr("quantiles: found 0.5,0.5, expected each above"));
  options.quantiles = {};
  EXPECT_THAT(Refusal(targets, options), HasSubstr("quantiles: found none"));
  options = {};
  options.loss = Loss::kPoisson;
  const std::vector<float> values = {1, 2};
  const Dataset debts = Dataset::FromMemory(std::span<const float>(values),
                                            std::vector<float>{3, -4}, {.features = 1});
  EXPECT_THAT(Refusal(debts, options),
              HasSubstr("loss: found poisson with the number -4 to predict (example 1)"));
  const Dataset counts = NotNegative(targets);
  options.target_scale = TargetScale::kLog;
  EXPECT_THAT(Refusal(counts, options), HasSubstr("target-scale: found log with the loss poisson"));
  options.target_scale = TargetScale::kAuto;
  options.epochs = 1;
  const Model start = Train(counts, options).model;
  options.loss = Loss::kSquared;
  options.StartFrom(start);
  EXPECT_THAT(Refusal(counts, options), HasSubstr("start: found a model of the loss poisson"));
}

TEST(LossOptionsTest, BalanceMakesRareClassesCount) {
  // 90 examples of one class and 10 of another that features do not tell apart.
  std::vector<float> values(100, 1.0f);
  std::vector<uint32_t> labels(100, 0);
  for (size_t e = 0; e < 10; ++e) labels[10 * e] = 1;
  Schema schema;
  schema.features = 1;
  const Dataset data = Dataset::FromMemory(std::span<const float>(values), labels, schema);
  TrainOptions options = test::PlainOptions();
  options.hidden = {};
  options.batch_size = 0;
  options.epochs = 200;
  options.scale = Scale::kNone;
  EXPECT_NEAR(Train(data, options).model.Probabilities(data)[1], 0.1, 0.01);
  options.class_weight.balanced = true;
  EXPECT_NEAR(Train(data, options).model.Probabilities(data)[1], 0.5, 0.01);
}

}  // namespace
}  // namespace colonnade
