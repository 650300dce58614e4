// SPDX-License-Identifier: Apache-2.0
// The schedule of a search, on trials whose losses are known.
#include "engine/train/halving.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <utility>
#include <vector>

namespace colonnade {
namespace {

using Job = Halving::Job;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr double kForever = std::numeric_limits<double>::infinity();

// Plays a search: trial t has losses[t] wherever it comes to.
class Game {
 public:
  Game(std::vector<double> losses, double budget) : losses_(std::move(losses)), left_(budget) {
    halving_.Add(1);
  }

  void Play(size_t most_draws) {
    for (int round = 0; round < 1000; ++round) {
      Halving::Round next = halving_.Next(left_, kForever, most_draws);
      if (next.empty()) return;
      for (size_t i = 0; i < next.draws; ++i) {
        const size_t trial = halving_.Add(1);
        ASSERT_LT(trial, losses_.size()) << "more trials than the game has";
        next.jobs.push_back({trial, 0});
      }
      for (const Job& job : next.jobs) {
        EXPECT_EQ(job.rung, halving_.DoneOf(job.trial)) << "neither twice nor skipped";
        EXPECT_EQ(jobs_[job.trial].size(), job.rung);
        left_ -= halving_.CostOf(job);
        jobs_[job.trial].push_back(job.rung);
        halving_.Report(job.trial, job.rung, losses_[job.trial]);
      }
    }
    FAIL() << "no end";
  }

  size_t DoneOf(size_t trial) const { return jobs_.contains(trial) ? jobs_.at(trial).size() : 0; }
  double left() const { return left_; }

 private:
  Halving halving_;
  std::vector<double> losses_;
  double left_;
  std::map<size_t, std::vector<size_t>> jobs_;
};

TEST(HalvingTest, TheFirstTrialAloneIsABudgetOfOne) {
  Game game({1}, 1);
  game.Play(8);
  EXPECT_EQ(game.DoneOf(0), 3u);
  EXPECT_NEAR(game.left(), 0, 1e-9);
}

TEST(HalvingTest, TheBetterThirdGoesOn) {
  Halving halving;
  const double losses[] = {5, 4, 9, 1, 8, 2, 7, 6, 3};
  for (const double loss : losses) halving.Report(halving.Add(1), 0, loss);
  // The first anyway, then trials 3, 5 and 8.
  EXPECT_THAT(halving.Next(3, kForever, 0).jobs,
              ElementsAre(Job{0, 1}, Job{3, 1}, Job{5, 1}, Job{8, 1}));
  for (const size_t trial : {0U, 3U, 5U, 8U}) halving.Report(trial, 1, losses[trial]);
  // Of four on the second rung one goes on, beside the first; none is left on the first rung.
  EXPECT_THAT(halving.Next(3, kForever, 0).jobs, ElementsAre(Job{0, 2}, Job{3, 2}));
  halving.Report(0, 2, 5);
  halving.Report(3, 2, 1);
  EXPECT_THAT(halving.Waiting(), ElementsAre(5, 8, 1, 7, 6, 4, 2)) << "further, then better ones";
}

TEST(HalvingTest, SpendsNoMoreThanTheBudgetAndFindsTheBest) {
  for (const double budget : {1.0, 2.0, 3.0, 5.0, 10.0, 40.0}) {
    std::vector<double> losses = {50};
    for (size_t t = 1; t < 400; ++t) losses.push_back(static_cast<double>((t * 37) % 101) + 10);
    losses[3] = 0;
    Game game(losses, budget);
    game.Play(8);
    EXPECT_EQ(game.DoneOf(0), 3u) << budget;
    EXPECT_GE(game.left(), -1e-6) << budget;
    EXPECT_LT(game.left(), 1.0) << "nothing is left that one more could do: " << budget;
    if (budget >= 3) {
      EXPECT_EQ(game.DoneOf(3), 3u) << budget;
    }
  }
}

TEST(HalvingTest, MostTrialsEndEarly) {
  std::vector<double> losses = {50};
  for (size_t t = 1; t < 400; ++t) losses.push_back(static_cast<double>((t * 37) % 101));
  Game game(losses, 20);
  game.Play(8);
  size_t on[4] = {};
  for (size_t t = 0; t < losses.size(); ++t) ++on[game.DoneOf(t)];
  EXPECT_GT(on[1], on[2]);
  EXPECT_GT(on[1] + on[2] + on[3], 50u) << "of 20 trainings' worth";
  EXPECT_GE(on[3], 3u);
}

TEST(HalvingTest, AFailureGoesNoFurther) {
  Halving halving;
  for (size_t t = 0; t < 9; ++t) halving.Add(1);
  for (size_t t = 0; t < 9; ++t) halving.Report(t, 0, t < 6 ? std::nan("") : 1);
  EXPECT_THAT(halving.Next(9, kForever, 0).jobs, ElementsAre(Job{6, 1}, Job{7, 1}, Job{8, 1}));
  halving.Drop(7);
  EXPECT_THAT(halving.Next(9, kForever, 0).jobs, ElementsAre(Job{6, 1}, Job{8, 1}));
}

TEST(HalvingTest, BeginsNothingThatCannotComeToItsEnd) {
  Halving halving;
  halving.Report(halving.Add(1), 2, 1);
  EXPECT_EQ(halving.Next(0.9, kForever, 8).draws, 0u);
  EXPECT_EQ(halving.Next(1.0, kForever, 8).draws, 1u);
  EXPECT_EQ(halving.Next(2.5, kForever, 8).draws, 8u);
  EXPECT_EQ(halving.Next(100, 0.9, 8).draws, 0u) << "each alone would be too late";
  EXPECT_EQ(halving.Next(kForever, kForever, 5).draws, 5u);
}

TEST(HalvingTest, CostsCount) {
  Halving halving;
  halving.Report(halving.Add(1), 2, 5);
  halving.Report(halving.Add(3), 0, 1);  // thrice as many epochs
  halving.Report(halving.Add(1), 0, 2);
  halving.Report(halving.Add(0.2), 0, 3);
  EXPECT_NEAR(halving.CostOf({1, 1}), 2.0 / 9, 1e-12) << "rungs are the same for all";
  EXPECT_NEAR(halving.CostOf({1, 2}), 3 - 1.0 / 3, 1e-12) << "but for the last";
  EXPECT_NEAR(halving.CostOf({3, 1}), 0.2 - 1.0 / 9, 1e-12);
  EXPECT_NEAR(halving.CostOf({3, 2}), 0, 1e-12);
  // What is left is for those that can come to their end, not for the best.
  EXPECT_THAT(halving.Next(0.95, kForever, 0).jobs, ElementsAre(Job{1, 1}));
  EXPECT_THAT(halving.Next(0.2, kForever, 0).jobs, ElementsAre(Job{3, 1}));
  EXPECT_THAT(halving.Next(0.05, kForever, 0).jobs, IsEmpty());
}

TEST(HalvingTest, WhoEndsEarlyTakesNobodysPlace) {
  Halving halving;
  for (size_t t = 0; t < 6; ++t) halving.Report(halving.Add(1), 0, 10.0 - static_cast<double>(t));
  for (size_t t = 6; t < 12; ++t) {
    halving.Report(halving.Add(0.1), 0, 0);
    halving.End(t);
  }
  EXPECT_THAT(halving.Next(3, kForever, 0).jobs, ElementsAre(Job{0, 1}, Job{5, 1}, Job{4, 1}));
}

}  // namespace
}  // namespace colonnade
