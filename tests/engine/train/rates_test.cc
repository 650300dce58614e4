// SPDX-License-Identifier: Apache-2.0
#include "colonnade/rates.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "colonnade/error.h"
#include "tests/support/datasets.h"

namespace colonnade {
namespace {

TrainOptions SmallNetwork() {
  TrainOptions options;
  options.hidden = {32};
  options.batch_size = 20;
  return options;
}

TEST(RateTest, FindsARateThatLearns) {
  const Dataset data = test::DigitsDataset(2400, 1);
  for (const Optimizer method : {Optimizer::kMomentum, Optimizer::kAdam}) {
    TrainOptions options = SmallNetwork();
    options.optimizer = method;
    const RateTest found = TestRates(data, options);
    EXPECT_GT(found.points.size(), 40u);
    EXPECT_LE(found.points.size(), 120u) << "an epoch";
    EXPECT_DOUBLE_EQ(found.points.front().rate, 1e-6);
    const double factor = std::pow(1e7, 1 / 119.0);
    for (size_t i = 1; i < found.points.size(); ++i) {
      EXPECT_NEAR(found.points[i].rate / found.points[i - 1].rate, factor, 1e-9);
    }
    for (const RateTest::Point& point : found.points) {
      if (point.rate == found.lowest_loss_rate) {
        EXPECT_LT(point.loss, 1);
      }
    }
    EXPECT_DOUBLE_EQ(found.suggested, found.lowest_loss_rate / 3);

    const auto loss = [&](double rate) {
      options.learning_rate = rate;
      options.epochs = 2;
      return Train(data, options).loss;
    };
    EXPECT_LT(loss(found.suggested), 0.5 * loss(found.suggested / 100));
  }
}

TEST(RateTest, SameForAnyNumberOfThreads) {
  const Dataset data = test::DigitsDataset(500, 1);
  TrainOptions options = SmallNetwork();
  options.hidden = {200};
  options.batch_norm = true;
  options.threads = 1;
  const RateTest one = TestRates(data, options);
  for (const int threads : {2, 3, 8}) {
    options.threads = threads;
    const RateTest many = TestRates(data, options);
    ASSERT_EQ(many.points.size(), one.points.size());
    for (size_t i = 0; i < one.points.size(); ++i) {
      ASSERT_EQ(many.points[i].loss, one.points[i].loss);
    }
  }
}

TEST(RateTest, TakesAtLeastAHundredStepsAndTheCallbackEndsIt) {
  const Dataset data = test::RandomDataset(30, 4, 3, 5);
  TrainOptions options = SmallNetwork();
  options.batch_size = 0;
  size_t steps = 0;
  options.on_progress = [&](const Progress& p) {
    steps = p.steps;
    EXPECT_GT(p.loss, 0);
    return p.step < 5;
  };
  EXPECT_EQ(TestRates(data, options).points.size(), 5u);
  EXPECT_EQ(steps, 100u);
}

TEST(RateTest, RejectsWhatTrainingRejects) {
  const Dataset data = test::RandomDataset(30, 4, 3, 5);
  TrainOptions options = SmallNetwork();
  options.momentum = 2;
  EXPECT_THROW(TestRates(data, options), Error);
}

}  // namespace
}  // namespace colonnade
