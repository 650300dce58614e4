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

struct Shape {
  size_t features;
  std::vector<size_t> hidden;
  size_t classes;
  size_t examples;
};

void PrintTo(const Shape& shape, std::ostream* out) {
  *out << shape.features;
  for (const size_t width : shape.hidden) *out << "-" << width;
  *out << "-" << shape.classes << ", " << shape.examples << " examples";
}

class GradientTest : public ::testing::TestWithParam<Shape> {};

TEST_P(GradientTest, MatchesCentralDifferences) {
  const Shape& shape = GetParam();
  const Dataset data = test::RandomDataset(shape.examples, shape.features, shape.classes, 11);
  TrainOptions options;
  options.hidden = shape.hidden;
  options.epochs = 1;
  options.batch_size = 0;
  options.optimizer = Optimizer::kSgd;
  options.schedule = Schedule::kConstant;
  options.scale = "none";
  options.seed = 3;
  options.init = Initialization::kUniform;  // biases are not zero

  // The start, by a step too small to move any float; then one step of rate 1.
  options.learning_rate = 1e-30;
  const Model start = Train(data, options).model;
  options.learning_rate = 1;
  const TrainResult after = Train(data, options);
  const std::vector<float> before = test::ParametersOf(start);
  const std::vector<float> moved = test::ParametersOf(after.model);

  test::ReferenceNetwork reference(start);
  const std::vector<double> inputs = test::ScaledValues(data, start.scaling());
  const std::vector<uint32_t> labels(data.labels().begin(), data.labels().end());
  ASSERT_NEAR(after.loss, reference.Loss(inputs, labels), 1e-6);

  const std::vector<double*> parameters = reference.Parameters();
  ASSERT_EQ(parameters.size(), moved.size());
  constexpr double kStep = 1e-5;
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
    const double actual = static_cast<double>(before[i]) - static_cast<double>(moved[i]);
    // The difference of two floats below 2 carries their roundings, at most 2^-24 each.
    ASSERT_NEAR(actual, expected, 1e-5 * std::abs(expected) + 4e-7) << "parameter " << i;
    largest = std::max(largest, std::abs(expected));
  }
  EXPECT_GT(largest, 1e-3) << "all gradients vanish: the comparison proves nothing";
}

INSTANTIATE_TEST_SUITE_P(Shapes, GradientTest,
                         ::testing::Values(Shape{5, {}, 2, 7}, Shape{3, {4}, 2, 1},
                                           Shape{17, {16}, 3, 33}, Shape{9, {31, 17}, 10, 20},
                                           Shape{50, {20, 16, 18}, 4, 64},
                                           // more columns than the workspace takes at once
                                           Shape{6, {5}, 3, 2500}));

}  // namespace
}  // namespace colonnade
