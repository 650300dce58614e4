// SPDX-License-Identifier: Apache-2.0
#include "colonnade/rates.h"

#include <algorithm>
#include <cmath>

#include "engine/train/learner.h"
#include "engine/train/loop.h"

namespace colonnade {
namespace {

constexpr double kLowest = 1e-6;
constexpr double kHighest = 10;
constexpr size_t kFewestSteps = 100;
constexpr size_t kMostSteps = 1000;

// The loss is a mean over about this fraction of the steps: noise cancels, and the curve comes late
// by less than the third of a decade.
constexpr double kWindow = 0.04;

// The test is over where the loss is this many times the lowest.
constexpr double kDiverged = 4;

// What is suggested is the rate of the lowest loss divided by this: at that rate itself the loss is
// about to rise. With four optimizers on MNIST, 3 gave better models than 4 and 10.
constexpr double kMargin = 3;

// An exponentially weighted mean, its weights adding up to 1 from the first value on (Kingma and
// Ba, "Adam", ICLR 2015, section 3).
class Smoothed {
 public:
  explicit Smoothed(double window) : keep_(std::exp(-1 / window)) {}

  double Add(double value) {
    sum_ = keep_ * sum_ + (1 - keep_) * value;
    weight_ = keep_ * weight_ + (1 - keep_);
    return sum_ / weight_;
  }

 private:
  double keep_;
  double sum_ = 0;
  double weight_ = 0;
};

}  // namespace

RateTest TestRates(const Dataset& data, const TrainOptions& given) {
  const TrainOptions options = given.Resolve(data);
  Learner learner(data, options);
  EpochLoop loop(options, data, learner);
  const size_t steps = std::clamp(loop.steps_per_epoch(), kFewestSteps, kMostSteps);
  Smoothed smoothed(kWindow * static_cast<double>(steps));
  RateTest result;
  Progress progress;
  progress.epochs = (steps + loop.steps_per_epoch() - 1) / loop.steps_per_epoch();
  progress.steps = steps;
  double lowest = 0;
  bool go_on = true;
  learner.execution.Run([&] {
    for (size_t s = 0; s < steps && go_on; ++s) {
      if (s == 0 || loop.epoch_done()) loop.BeginEpoch(progress.epoch++);
      const double fraction = static_cast<double>(s) / static_cast<double>(steps - 1);
      const double rate = kLowest * std::pow(kHighest / kLowest, fraction);
      const double loss = smoothed.Add(loop.Step(rate).MeanLoss());
      if (!std::isfinite(loss)) break;
      result.points.push_back({rate, loss});
      if (s == 0 || loss < lowest) {
        lowest = loss;
        result.lowest_loss_rate = rate;
      }
      if (loss > kDiverged * lowest) break;
      if (!options.on_progress) continue;
      progress.step = s + 1;
      progress.loss = loss;
      progress.learning_rate = rate;
      go_on = options.on_progress(progress);
    }
  });
  result.suggested = result.lowest_loss_rate / kMargin;
  return result;
}

}  // namespace colonnade
