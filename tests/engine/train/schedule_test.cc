// SPDX-License-Identifier: Apache-2.0
#include "engine/train/schedule.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "tests/support/golden.h"

namespace colonnade {
namespace {

TrainOptions OptionsOf(Schedule kind, double rate = 1) {
  TrainOptions options;
  options.schedule = kind;
  options.learning_rate = rate;
  return options;
}

// All rates of a training of 20 epochs, 3 steps each.
std::vector<double> Rates(const TrainOptions& options) {
  const RateSchedule schedule(options, 20, 3);
  std::vector<double> rates;
  for (double step = 0; step < 60; ++step) rates.push_back(schedule.At(step, 60));
  return rates;
}

void ExpectNear(const std::vector<double>& actual, const std::vector<double>& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i) {
    ASSERT_NEAR(actual[i], expected[i], 1e-13 + 1e-11 * expected[i]) << "step " << i;
  }
}

TEST(ScheduleTest, EachIsThatOfPyTorch) {
  const test::GoldenFile golden("schedules.safetensors");
  for (const ScheduleRow& row : kSchedules) {
    for (const size_t warmup : {0u, 7u}) {
      const std::string name = row.name + ("/" + std::to_string(warmup));
      SCOPED_TRACE(name);
      TrainOptions options = OptionsOf(row.value);
      options.warmup = warmup;
      options.lr_decay = 0.3;
      options.lr_decay_epochs = 5;
      ExpectNear(Rates(options), golden.Values<double>(name));
    }
  }
}

TEST(ScheduleTest, OneCycleOfFewSteps) {
  const test::GoldenFile golden("schedules.safetensors");
  for (const size_t steps : {1u, 2u, 3u, 4u, 5u, 11u}) {
    const RateSchedule schedule(OptionsOf(Schedule::kOneCycle), 1, steps);
    std::vector<double> rates;
    for (size_t step = 0; step < steps; ++step) {
      rates.push_back(schedule.At(static_cast<double>(step), static_cast<double>(steps)));
    }
    SCOPED_TRACE(std::to_string(steps) + " steps");
    ExpectNear(rates, golden.Values<double>("onecycle_of_" + std::to_string(steps) + "/0"));
  }
}

TEST(ScheduleTest, ClosedForms) {
  EXPECT_EQ(RateSchedule(OptionsOf(Schedule::kConstant, 0.3), 1, 10).At(7, 10), 0.3);
  const RateSchedule cosine(OptionsOf(Schedule::kCosine, 2), 1, 12);
  EXPECT_EQ(cosine.At(0, 12), 2);
  EXPECT_NEAR(cosine.At(3, 12), 1 + std::numbers::sqrt2 / 2, 1e-15);
  EXPECT_NEAR(cosine.At(6, 12), 1, 1e-15);
  EXPECT_NEAR(cosine.At(12, 12), 0, 1e-15);
}

TEST(ScheduleTest, CosLogRisesAndFallsFourTimes) {
  const RateSchedule schedule(OptionsOf(Schedule::kCosLog), 1, 600);
  EXPECT_EQ(schedule.At(0, 600), 0);
  // Where 1 + 15 t is a power of 2, a wave ends.
  for (const double steps : {40.0, 120.0, 280.0, 600.0}) {
    EXPECT_NEAR(schedule.At(steps, 600), 0, 1e-12) << steps;
  }
  EXPECT_NEAR(schedule.At(40 * (std::numbers::sqrt2 - 1), 600), 1, 1e-12);
}

TEST(ScheduleTest, DecayIsEveryThirdOfTheEpochsByDefault) {
  const RateSchedule step(OptionsOf(Schedule::kStep, 1), 7, 10);  // a third, rounded up: 3 epochs
  EXPECT_EQ(step.At(29, 70), 1);
  EXPECT_DOUBLE_EQ(step.At(30, 70), 0.1);
  EXPECT_DOUBLE_EQ(step.At(59, 70), 0.1);
  EXPECT_DOUBLE_EQ(step.At(60, 70), 0.01);
  const RateSchedule exponential(OptionsOf(Schedule::kExponential, 1), 7, 10);
  EXPECT_DOUBLE_EQ(exponential.At(15, 70), std::sqrt(0.1));
}

}  // namespace
}  // namespace colonnade
