// SPDX-License-Identifier: Apache-2.0
// The losses and their gradients against double precision, on every target.
#include "kernels/loss.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "tests/support/compare.h"
#include "tests/support/matrices.h"
#include "tests/support/reference_losses.h"
#include "tests/support/targets.h"

namespace colonnade::test {
namespace {

constexpr float kScale = 0.125f;

// What a loss of a column should be, and its derivatives.
struct Expected {
  double loss;
  std::vector<double> gradient;
};

// Outputs and the expectation of one column after the kernel ran.
void Check(const FloatMatrix& z, size_t c, float loss, const Expected& expected, double weight) {
  const double tolerance = 3e-6 * (1 + std::abs(expected.loss) * weight);
  ASSERT_NEAR(loss, weight * expected.loss, tolerance) << "column " << c;
  for (size_t r = 0; r < z.rows(); ++r) {
    ASSERT_NEAR(z(r, c), double{kScale} * weight * expected.gradient[r], tolerance)
        << "row " << r << ", column " << c;
  }
}

Expected SoftReference(const FloatMatrix& z, size_t c, size_t label, double smoothing,
                       const FloatMatrix& w) {
  double max = z(0, c);
  for (size_t r = 0; r < z.rows(); ++r) max = std::max(max, double{z(r, c)});
  double sum = 0;
  for (size_t r = 0; r < z.rows(); ++r) sum += std::exp(double{z(r, c)} - max);
  const double log_sum = max + std::log(sum);
  std::vector<double> t(z.rows());
  double total = 0;
  for (size_t r = 0; r < z.rows(); ++r) {
    t[r] = smoothing / static_cast<double>(z.rows()) * double{w(r, 0)};
    if (r == label) t[r] += (1 - smoothing) * double{w(r, 0)};
    total += t[r];
  }
  Expected result{0, {}};
  for (size_t r = 0; r < z.rows(); ++r) {
    result.loss += t[r] * (log_sum - double{z(r, c)});
    result.gradient.push_back(total * std::exp(double{z(r, c)} - log_sum) - t[r]);
  }
  return result;
}

TEST(SoftCrossEntropy, IsThatOfTheSmoothedWeightedLabels) {
  for (const size_t rows : {2u, 3u, 15u, 16u, 17u, 40u}) {
    for (const float smoothing : {0.0f, 0.1f, 0.9f}) {
      for (const bool weighted : {false, true}) {
        SCOPED_TRACE(std::to_string(rows) + " classes, smoothing " + std::to_string(smoothing));
        constexpr size_t kCols = 19;
        Random random(rows);
        const FloatMatrix z = FloatMatrix::Uniform(random, rows, kCols, 0, -20, 20);
        const FloatMatrix classes = FloatMatrix::Uniform(random, rows, 1, 0, 0, 3);
        const FloatMatrix weights = FloatMatrix::Uniform(random, kCols, 1, 0, 0, 2);
        std::vector<uint32_t> labels(kCols);
        for (uint32_t& label : labels) label = static_cast<uint32_t>(random.Below(rows));
        SameBitsWithFma same_bits;
        SameBitsWithFma same_losses;
        ForEachTarget([&] {
          FloatMatrix g = z.Clone();
          FloatMatrix losses = FloatMatrix::Vector(kCols);
          kernels::SoftCrossEntropy(g, labels.data(), {smoothing, classes.data()},
                                    weighted ? weights.data() : nullptr, kScale, losses.data());
          EXPECT_TRUE(StaysInBounds(g));
          EXPECT_TRUE(losses.CheckGuards());
          EXPECT_TRUE(same_bits(g));
          EXPECT_TRUE(same_losses(losses));
          for (size_t c = 0; c < kCols; ++c) {
            const Expected expected = SoftReference(z, c, labels[c], double{smoothing}, classes);
            Check(g, c, losses(c, 0), expected, weighted ? double{weights(c, 0)} : 1);
          }
        });
      }
    }
  }
}

// A loss of one output and a target.
using Kernel = std::function<void(FloatMatrix& z, const float* weights, float* losses)>;
using Reference = std::function<Expected(double z, size_t column)>;

void CheckSingleOutput(const FloatMatrix& z, const Kernel& kernel, const Reference& reference) {
  Random random(7);
  const FloatMatrix weights = FloatMatrix::Uniform(random, z.cols(), 1, 0, 0, 2);
  for (const bool weighted : {false, true}) {
    SameBitsWithFma same_bits;
    ForEachTarget([&] {
      FloatMatrix g = z.Clone();
      FloatMatrix losses = FloatMatrix::Vector(z.cols());
      kernel(g, weighted ? weights.data() : nullptr, losses.data());
      EXPECT_TRUE(StaysInBounds(g));
      EXPECT_TRUE(losses.CheckGuards());
      EXPECT_TRUE(same_bits(g));
      for (size_t c = 0; c < z.cols(); ++c) {
        Check(g, c, losses(c, 0), reference(double{z(0, c)}, c),
              weighted ? double{weights(c, 0)} : 1);
      }
      FloatMatrix nan = z.Clone();
      nan(0, 1) = std::numeric_limits<float>::quiet_NaN();
      kernel(nan, nullptr, losses.data());
      for (size_t c = 0; c < z.cols(); ++c) EXPECT_EQ(std::isnan(losses(c, 0)), c == 1);
    });
  }
}

class SingleOutputLoss : public testing::Test {
 protected:
  static constexpr size_t kCols = 50;

  SingleOutputLoss() : random_(3), z_(FloatMatrix::Uniform(random_, 1, kCols, 0, -4, 4)) {
    z_(0, 0) = 100;
    z_(0, 2) = -100;
    z_(0, 3) = 0;
    for (size_t c = 0; c < kCols; ++c) {
      labels_.push_back(static_cast<uint32_t>(random_.Below(2)));
      targets_.push_back(c % 7 == 0 ? z_(0, c) : random_.Uniform(-3, 3));
    }
  }

  Random random_;
  FloatMatrix z_;
  std::vector<uint32_t> labels_;
  std::vector<float> targets_;
};

TEST_F(SingleOutputLoss, SigmoidCrossEntropy) {
  CheckSingleOutput(
      z_,
      [&](FloatMatrix& z, const float* weights, float* losses) {
        kernels::SigmoidCrossEntropy(z, labels_.data(), weights, kScale, losses);
      },
      [&](double z, size_t c) {
        const double wrong = labels_[c] == 0 ? z : -z;
        const double loss = std::max(wrong, 0.0) + std::log1p(std::exp(-std::abs(wrong)));
        return Expected{loss, {1 / (1 + std::exp(-z)) - static_cast<double>(labels_[c])}};
      });
}

// Every loss for numbers.
TEST_F(SingleOutputLoss, OfNumbers) {
  for (const LossRow& row : kLosses) {
    if (!row.for_numbers) continue;
    SCOPED_TRACE(row.name);
    const ReferenceLoss& reference = ReferenceOf(row.value);
    FloatMatrix z = z_.Clone();
    if (row.value == Loss::kPoisson) z(0, 0) = 20;
    for (const float option : {0.25f, 1.0f, 30.0f}) {
      if (row.value == Loss::kQuantile && option > 1) continue;
      CheckSingleOutput(
          z,
          [&](FloatMatrix& g, const float* weights, float* losses) {
            reference.kernel(g, targets_.data(), option, weights, kScale, losses);
          },
          [&](double output, size_t c) {
            const double target{targets_[c]};
            return Expected{reference.value(output, target, double{option}),
                            {reference.derivative(output, target, double{option})}};
          });
    }
  }
}

TEST(QuantileError, IsTheMeanOverTheLevels) {
  constexpr size_t kCols = 21;
  const std::vector<float> levels = {0.1f, 0.5f, 0.75f, 0.95f};
  Random random(4);
  const FloatMatrix z = FloatMatrix::Uniform(random, levels.size(), kCols, 0, -3, 3);
  const FloatMatrix weights = FloatMatrix::Uniform(random, kCols, 1, 0, 0, 2);
  std::vector<float> targets(kCols);
  for (float& target : targets) target = random.Uniform(-3, 3);
  const ReferenceLoss& reference = ReferenceOf(Loss::kQuantile);
  ForEachTarget([&] {
    FloatMatrix g = z.Clone();
    FloatMatrix losses = FloatMatrix::Vector(kCols);
    kernels::QuantileError(g, targets.data(), levels.data(), weights.data(), kScale, losses.data());
    EXPECT_TRUE(StaysInBounds(g));
    EXPECT_TRUE(losses.CheckGuards());
    for (size_t c = 0; c < kCols; ++c) {
      Expected expected{0, {}};
      for (size_t r = 0; r < levels.size(); ++r) {
        const double output{z(r, c)};
        const double target{targets[c]};
        const double level{levels[r]};
        expected.loss += reference.value(output, target, level) / 4;
        expected.gradient.push_back(reference.derivative(output, target, level) / 4);
      }
      Check(g, c, losses(c, 0), expected, double{weights(c, 0)});
    }
  });
}

}  // namespace
}  // namespace colonnade::test
