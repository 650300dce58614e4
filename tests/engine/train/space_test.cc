// SPDX-License-Identifier: Apache-2.0
// Where a search looks.
#include "engine/train/space.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "colonnade/error.h"
#include "colonnade/options.h"
#include "tests/support/datasets.h"
#include "tests/support/errors.h"

namespace colonnade {
namespace {

using test::ExpectError;

TrainOptions Base() {
  TrainOptions options;
  options.hidden = {8};
  options.epochs = 20;
  return options;
}

class SpaceTest : public ::testing::Test {
 protected:
  // What options come of points drawn anywhere, or near the origin.
  std::vector<Configuration> Drawn(const std::vector<SpaceAxis>& axes, size_t count,
                                   bool near = false) const {
    const Space space(axes);
    std::vector<Configuration> all;
    for (size_t i = 0; i < count; ++i) {
      Draws draws(7, i);
      all.push_back(space.At(
          near ? space.Near(space.Origin(), Base().Resolve(data_), draws) : space.Draw(draws),
          Base(), data_));
    }
    return all;
  }

  const Dataset data_ = test::RandomDataset(60, 4, 3, 1);
  const Dataset numbers_ = test::RandomTargets(60, 4, 1);
};

TEST_F(SpaceTest, TheDefaultSpaceIsOfOptionsAndAnyPointOfItCanBeTrained) {
  const Space space(DefaultSpace());
  for (const Dataset* data : {&data_, &numbers_}) {
    TrainOptions base = Base();
    if (data->regression()) base.loss = Loss::kSquared;
    Space::Point point = space.Origin();
    EXPECT_TRUE(space.At(point, base, *data).settings.empty()) << "the origin is the base";
    for (size_t i = 0; i < 200; ++i) {
      Draws draws(3, i);
      const TrainOptions here = space.At(point, base, *data).options.Resolve(*data);
      point = i % 2 == 0 ? space.Draw(draws) : space.Near(point, here, draws);
      const Configuration c = space.At(point, base, *data);
      EXPECT_NO_THROW(static_cast<void>(c.options.Resolve(*data))) << c.Label();
      EXPECT_NO_THROW(RequireBelongs(c.options, "dropout"));
      for (const auto& [name, text] : c.settings) {
        EXPECT_NO_THROW(RequireBelongs(c.options, name)) << name;
        EXPECT_FALSE(data->regression() && name == "label-smoothing") << "is of classes";
      }
    }
  }
}

TEST_F(SpaceTest, ListsHaveTheirValues) {
  std::set<std::string> labels;
  for (const Configuration& c : Drawn({{"hidden", "8,16,8+4"}, {"batch-norm", "off,on"}}, 60)) {
    labels.insert(c.Label());
  }
  EXPECT_EQ(labels.size(), 6u) << "every combination";
  EXPECT_TRUE(labels.contains("hidden=8+4 batch-norm=on"));
}

TEST_F(SpaceTest, RangesAreWithin) {
  double lowest = 1, highest = 0;
  size_t below_geometric_mean = 0;
  for (const Configuration& c : Drawn({{"lr", "1e-4..1e-1:log"}, {"dropout", "0.1..0.3"}}, 400)) {
    const double rate = *c.options.learning_rate;
    EXPECT_GE(rate, 1e-4);
    EXPECT_LE(rate, 1e-1);
    below_geometric_mean += rate < std::sqrt(1e-5) ? 1U : 0U;
    lowest = std::min(lowest, *c.options.dropout);
    highest = std::max(highest, *c.options.dropout);
  }
  EXPECT_NEAR(static_cast<double>(below_geometric_mean), 200, 40) << "evenly by the logarithm";
  EXPECT_GE(lowest, 0.1);
  EXPECT_LT(lowest, 0.11);
  EXPECT_LE(highest, 0.3);
  EXPECT_GT(highest, 0.29);
}

TEST_F(SpaceTest, FactorsAreOfWhatHoldsOtherwise) {
  std::set<std::string> optimizers;
  for (const Configuration& c :
       Drawn({{"lr", "x0.5..x2:log"}, {"epochs", "x0.5..x2"}, {"optimizer", "sgd,adam"}}, 100)) {
    TrainOptions without = c.options;
    without.learning_rate.reset();
    const double factor = *c.options.learning_rate / without.Rate();
    EXPECT_GE(factor, 0.499) << c.Label();
    EXPECT_LE(factor, 2.01) << c.Label();
    EXPECT_GE(c.options.epochs, 10u);
    EXPECT_LE(c.options.epochs, 40u);
    optimizers.insert(Name(c.options.optimizer));
  }
  EXPECT_EQ(optimizers.size(), 2u);
}

TEST_F(SpaceTest, WhatBelongsToAnotherOptimizerIsLeftOut) {
  bool with = false, without = false;
  for (const Configuration& c : Drawn({{"beta1", "0.8,0.95"}, {"optimizer", "sgd,adam"}}, 50)) {
    const bool adam = c.options.optimizer == Optimizer::kAdam;
    EXPECT_EQ(c.settings.size(), adam ? 2u : 1u);
    EXPECT_EQ(c.options.beta1 != TrainOptions().beta1, adam);
    (adam ? with : without) = true;
  }
  EXPECT_TRUE(with && without);
}

TEST_F(SpaceTest, NearPointsDifferInSomeAndOftenOnlyALittle) {
  size_t changed = 0, moved = 0;
  double distance = 0;
  for (const Configuration& c :
       Drawn({{"lr", "x0.1..x10:log"}, {"dropout", "0..0.5"}, {"activation", "relu,tanh"}}, 300,
             true)) {
    EXPECT_GE(c.settings.size(), 1u);
    changed += c.settings.size();
    if (!c.options.learning_rate) continue;
    ++moved;
    distance += std::abs(std::log10(*c.options.learning_rate / Base().Resolve(data_).Rate()));
  }
  EXPECT_LT(changed, 600u) << "of 900";
  EXPECT_LT(distance / static_cast<double>(moved), 0.45) << "of 1 at most";
  EXPECT_GT(distance / static_cast<double>(moved), 0.2);
}

TEST_F(SpaceTest, TheSameSeedDrawsTheSame) {
  const std::vector<SpaceAxis> axes = DefaultSpace();
  const auto a = Drawn(axes, 20);
  const auto b = Drawn(axes, 20);
  std::set<std::string> labels;
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].Label(), b[i].Label());
    labels.insert(a[i].Label());
  }
  EXPECT_EQ(labels.size(), 20u);
}

TEST_F(SpaceTest, RefusesWhatIsNoSpace) {
  const auto expect = [](const SpaceAxis& axis, const std::string& message) {
    ExpectError(ErrorCode::kInvalidArgument, message,
                [&] { static_cast<void>(Space(std::vector<SpaceAxis>{axis})); });
  };
  expect({"lrate", "1"},
         "space: found the name 'lrate', expected that of a flag about network, loss, learning or "
         "stopping, such as lr or hidden");
  expect({"threads", "1,2"},
         "space: found the name 'threads', expected that of a flag about network, loss, learning "
         "or stopping, such as lr or hidden");
  expect({"lr", "0.1,"}, "space: found 'lr=0.1,', expected a value on each side of every comma");
  expect({"lr", "0.1,0.1"}, "space: found 'lr=0.1,0.1', expected each value once");
  expect({"lr", "0.1..fast"},
         "space: found 'lr=0.1..fast', expected A..B, such as 0..0.5, 1e-4..0.1:log or "
         "x0.1..x10:log");
  expect({"lr", "x0.1..10"},
         "space: found 'lr=x0.1..10', expected A..B, such as 0..0.5, 1e-4..0.1:log or "
         "x0.1..x10:log");
  expect({"lr", "0.1..0.01"}, "space: found 'lr=0.1..0.01', expected the lower number first");
  expect({"dropout", "0..0.5:log"}, "space: found 'dropout=0..0.5:log', expected numbers above 0");
  expect({"hidden", "8..64"},
         "space: found 'hidden=8..64', expected a list of values, such as 64,128: no number");
  expect({"dropout", "0..1"}, "dropout: found 1, expected a number in [0, 1)");
  expect({"dropout", "0.1,1"}, "dropout: found 1, expected a number in [0, 1)");
  expect({"optimizer", "adamm"},
         "optimizer: found 'adamm', expected sgd, momentum, nesterov, adam, adamw, rmsprop, lion, "
         "schedule-free or muon");
  EXPECT_THROW(static_cast<void>(Space({{"lr", "1"}, {"lr", "2"}})), Error);
}

}  // namespace
}  // namespace colonnade
