// SPDX-License-Identifier: Apache-2.0
// The gradient that a training step applies, against central differences in double precision.
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "colonnade/train.h"
#include "tests/support/datasets.h"
#include "tests/support/reference_network.h"

namespace colonnade {
namespace {

struct Case {
  size_t features;
  std::vector<size_t> hidden;
  size_t classes;
  size_t examples;
  std::vector<Activation> activations = std::vector<Activation>(hidden.size(), Activation::kRelu);
  double dropout = 0;
  std::vector<bool> batch_norms = {};
};

void PrintTo(const Case& c, std::ostream* out) {
  *out << c.features;
  for (size_t i = 0; i < c.hidden.size(); ++i) *out << "-" << c.hidden[i] << Name(c.activations[i]);
  *out << "-" << c.classes << ", " << c.examples << " examples";
  if (c.dropout > 0) *out << ", dropout " << c.dropout;
  for (const bool batch_norm : c.batch_norms) *out << ", batch norm " << batch_norm;
}

class GradientTest : public ::testing::TestWithParam<Case> {
 protected:
  static TrainOptions Options() {
    TrainOptions options;
    options.hidden = GetParam().hidden;
    if (!GetParam().activations.empty()) options.activation = GetParam().activations;
    options.dropout = GetParam().dropout;
    if (!GetParam().batch_norms.empty()) options.batch_norm = GetParam().batch_norms;
    options.epochs = 1;
    options.validation = 0.0;
    options.batch_size = 0;
    options.optimizer = Optimizer::kSgd;
    options.schedule = Schedule::kConstant;
    options.scale = Scale::kNone;
    options.seed = 3;
    options.init = Initialization::kUniform;  // biases are not zero
    return options;
  }

  // The start, by a step too small to move any float.
  static Model Start(const Dataset& data, TrainOptions options) {
    options.learning_rate = 1e-30;
    return Train(data, options).model;
  }

  // What one step of rate 1 takes from the parameters.
  static std::vector<double> Gradient(const Dataset& data, TrainOptions options) {
    const std::vector<float> before = test::ParametersOf(Start(data, options));
    options.learning_rate = 1;
    const std::vector<float> moved = test::ParametersOf(Train(data, options).model);
    std::vector<double> gradient(before.size());
    for (size_t i = 0; i < before.size(); ++i) {
      gradient[i] = static_cast<double>(before[i]) - static_cast<double>(moved[i]);
    }
    return gradient;
  }

  void ExpectCentralDifferences(const TrainOptions& options) const;

  const Dataset data_ =
      test::RandomDataset(GetParam().examples, GetParam().features, GetParam().classes, 11);
};

void GradientTest::ExpectCentralDifferences(const TrainOptions& options) const {
  const Model start = Start(data_, options);
  const std::vector<double> gradient = Gradient(data_, options);

  test::ReferenceNetwork reference(start);
  reference.dropout = options.dropout;
  reference.seed = options.seed;
  const std::vector<double> inputs = test::ScaledValues(data_, start.scaling());
  const std::vector<uint32_t> labels(data_.labels().begin(), data_.labels().end());
  ASSERT_NEAR(Train(data_, options).loss, reference.Loss(inputs, labels), 1e-6);

  const std::vector<double*> parameters = reference.Parameters();
  ASSERT_EQ(parameters.size(), gradient.size());
  constexpr double kStep = 1e-6;  // so small that no unit is that near to a kink
  double largest = 0;
  // Every parameter of a small network, a sample of a large one.
  const size_t stride = std::max<size_t>(1, parameters.size() / 400);
  for (size_t i = 0; i < parameters.size(); i += stride) {
    const double value = *parameters[i];
    *parameters[i] = value + kStep;
    const double above = reference.Loss(inputs, labels);
    *parameters[i] = value - kStep;
    const double below = reference.Loss(inputs, labels);
    *parameters[i] = value;
    const double expected = (above - below) / (2 * kStep);
    // The difference of two floats below 2 carries their roundings, at most 2^-24 each.
    ASSERT_NEAR(gradient[i], expected, 1e-5 * std::abs(expected) + 4e-7) << "parameter " << i;
    largest = std::max(largest, std::abs(expected));
  }
  EXPECT_GT(largest, 1e-3) << "all gradients vanish: the comparison proves nothing";
}

TEST_P(GradientTest, MatchesCentralDifferences) { ExpectCentralDifferences(Options()); }

// From where some steps have moved gamma and the running statistics.
class BatchNormGradientTest : public GradientTest {};

TEST_P(BatchNormGradientTest, MatchesCentralDifferences) {
  TrainOptions options = Options();
  options.learning_rate = 0.1;
  options.epochs = 5;
  const Model start = Train(data_, options).model;
  options.epochs = 1;
  options.start = start;
  ExpectCentralDifferences(options);
}

// Factors of 8 bits: the gradient as a vector is near that in f32.
TEST_P(GradientTest, InBf16IsNearThatInF32) {
  TrainOptions options = Options();
  const std::vector<double> expected = Gradient(data_, options);
  options.precision = Precision::kBf16;
  const std::vector<double> actual = Gradient(data_, options);
  double difference = 0;
  double size = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    difference += (actual[i] - expected[i]) * (actual[i] - expected[i]);
    size += expected[i] * expected[i];
  }
  EXPECT_LT(std::sqrt(difference), 0.03 * std::sqrt(size));
  EXPECT_GT(difference, 0);
}

INSTANTIATE_TEST_SUITE_P(Shapes, GradientTest,
                         ::testing::Values(Case{5, {}, 2, 7}, Case{3, {4}, 2, 1},
                                           Case{17, {16}, 3, 33}, Case{9, {31, 17}, 10, 20},
                                           Case{50, {20, 16, 18}, 4, 64},
                                           // more columns than the workspace takes at once
                                           Case{6, {5}, 3, 2500}));

std::vector<Case> WithEachActivation() {
  std::vector<Case> cases;
  for (const auto& row : kActivations) {
    cases.push_back({7, {18, 5}, 3, 21, {row.value, row.value}});
  }
  cases.push_back({7,
                   {18, 40, 9, 3},
                   3,
                   21,
                   {Activation::kGelu, Activation::kRelu, Activation::kTanh, Activation::kSilu}});
  const std::vector<Case> kept = cases;
  for (Case c : kept) {
    c.dropout = 0.3;
    cases.push_back(c);
  }
  // Rows of several sets of counters, and several chunks of columns.
  cases.push_back({6, {150, 70}, 3, 25, {Activation::kRelu, Activation::kRelu}, 0.3});
  cases.push_back({6, {5}, 3, 2500, {Activation::kTanh}, 0.2});
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Activations, GradientTest, ::testing::ValuesIn(WithEachActivation()));

std::vector<Case> WithBatchNorm() {
  std::vector<Case> cases = WithEachActivation();
  for (Case& c : cases) c.batch_norms.assign(c.hidden.size(), true);
  cases.push_back(
      {6, {40, 9, 20}, 3, 30, std::vector(3, Activation::kTanh), 0.2, {true, false, true}});
  cases.push_back(
      {6, {40, 9, 20}, 3, 30, std::vector(3, Activation::kSilu), 0, {false, true, false}});
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Layers, BatchNormGradientTest, ::testing::ValuesIn(WithBatchNorm()));

}  // namespace
}  // namespace colonnade
