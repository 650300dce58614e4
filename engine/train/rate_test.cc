#include <algorithm>
#include <cmath>
#include <numeric>

#include "colonnade/rates.h"
#include "engine/model/initialization.h"
#include "engine/runtime/execution.h"
#include "engine/runtime/random.h"
#include "engine/train/learner.h"
#include "engine/train/optimizer.h"
#include "engine/train/step.h"

namespace colonnade {
namespace {

constexpr double kLowest = 1e-6;
constexpr double kHighest = 10;
constexpr size_t kFewestSteps = 100;
constexpr size_t kMostSteps = 1000;

// The loss is a mean over about this part of the steps: noise cancels, and the curve comes late by
// less than the third of a decade.
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

// What a training starts with: that of one step at a rate that moves no float.
TrainResult Start(const Dataset& data, const TrainOptions& options) {
  TrainOptions one = options;
  one.epochs = 1;
  one.learning_rate = 1e-30;
  one.schedule = Schedule::kConstant;
  one.warmup = 0;
  one.profile = nullptr;
  one.validation = nullptr;
  one.early_stopping = 0;
  one.checkpoint.clear();
  one.resume = false;
  one.on_progress = [](const Progress&) { return false; };
  return Train(data, one);
}

std::vector<DenseParameters> ParametersOf(const Model::Storage& model) {
  std::vector<DenseParameters> layers = ZeroParameters(model.shape);
  CopyParameters(model.layers, layers);
  return layers;
}

}  // namespace

RateTest TestRates(const Dataset& data, const TrainOptions& options) {
  const TrainResult start = Start(data, options);
  const Model::Storage& model = start.model.storage();
  std::vector<DenseParameters> parameters = ParametersOf(model);
  OptimizerState optimizer(options, model.shape);
  Execution execution(start.threads);
  const size_t examples = data.examples();
  const size_t batch_size = options.ExamplesPerStep(examples);
  TrainingStep step(model.shape, data, model.scaling, SettingsOf(options, batch_size), parameters,
                    optimizer, execution, nullptr, LossFunction(options, data, model.target));
  const size_t steps_per_epoch = (examples + batch_size - 1) / batch_size;
  const size_t steps = std::clamp(steps_per_epoch, kFewestSteps, kMostSteps);
  std::vector<uint32_t> order(examples);
  std::iota(order.begin(), order.end(), 0u);
  Smoothed smoothed(kWindow * static_cast<double>(steps));
  RateTest result;
  double lowest = 0;
  bool go_on = true;
  execution.Run([&] {
    for (size_t s = 0; s < steps && go_on; ++s) {
      const size_t batch = s % steps_per_epoch;
      const auto epoch = static_cast<uint32_t>(s / steps_per_epoch);
      if (batch == 0 && batch_size < examples) {
        Random(options.seed, RandomStream::kShuffle, epoch).Permutation(order);
      }
      const size_t begin = batch * batch_size;
      const size_t count = std::min(batch_size, examples - begin);
      const double part = static_cast<double>(s) / static_cast<double>(steps - 1);
      const double rate = kLowest * std::pow(kHighest / kLowest, part);
      const double batch_loss = step.Run({order.data() + begin, count}, rate).MeanLoss();
      const double loss = smoothed.Add(batch_loss);
      if (!std::isfinite(loss)) break;
      result.points.push_back({rate, loss});
      if (s == 0 || loss < lowest) {
        lowest = loss;
        result.lowest_loss_rate = rate;
      }
      if (loss > kDiverged * lowest) break;
      if (!options.on_progress) continue;
      Progress progress;
      progress.epoch = epoch + 1;
      progress.epochs = (steps + steps_per_epoch - 1) / steps_per_epoch;
      progress.step = s + 1;
      progress.steps = steps;
      progress.loss = loss;
      progress.learning_rate = rate;
      go_on = options.on_progress(progress);
    }
  });
  result.suggested = result.lowest_loss_rate / kMargin;
  return result;
}

}  // namespace colonnade
