// SPDX-License-Identifier: Apache-2.0
// Accumulation, the gradient's norm and clipping by it.
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "colonnade/train.h"
#include "engine/data/scaling.h"
#include "engine/model/initialization.h"
#include "engine/runtime/execution.h"
#include "engine/train/step.h"
#include "tests/support/compare.h"
#include "tests/support/datasets.h"
#include "tests/support/targets.h"

namespace colonnade {
namespace {

// One SGD step of rate 1 on all of the data, from random parameters.
struct OneStep {
  OneStep(const Dataset& data, const std::vector<size_t>& hidden, StepSettings settings,
          int threads = 1, bool batch_norm = false) {
    NetworkShape shape = NetworkShape::Mlp(data.features(), hidden, data.classes());
    for (size_t l = 0; l < hidden.size(); ++l) shape.layers[l].batch_norm = batch_norm;
    const Scaling scaling = FitScaling(Scale::kAuto, data);
    before = UniformParameters(shape, 5);
    after = UniformParameters(shape, 5);
    TrainOptions options;
    options.optimizer = Optimizer::kSgd;
    OptimizerState optimizer(options, shape);
    Execution execution(threads);
    settings.batch_size = data.examples();
    TrainingStep step(shape, data, scaling, settings, after, optimizer, execution);
    std::vector<uint32_t> order(data.examples());
    std::iota(order.begin(), order.end(), 0u);
    norm = step.Run(order, 1, true).gradient_norm;
    without_measuring = step.Run(order, 1e-30).gradient_norm;
  }

  // How far the step went: as far as the gradient is long.
  double Way() const {
    double squares = 0;
    for (size_t l = 0; l < before.size(); ++l) {
      for (const auto& [name, part] : kLearnedParts) {
        const kernels::ConstMatrix a = (before[l].*part).view();
        const kernels::ConstMatrix b = (after[l].*part).view();
        for (size_t c = 0; c < a.cols; ++c) {
          for (size_t r = 0; r < a.rows; ++r) {
            squares += std::pow(
                static_cast<double>(a.Column(c)[r]) - static_cast<double>(b.Column(c)[r]), 2);
          }
        }
      }
    }
    return std::sqrt(squares);
  }

  std::vector<DenseParameters> before, after;
  double norm = 0;
  double without_measuring = 0;
};

const std::vector<size_t> kHidden = {200, 30};  // more rows than one task takes at a time

TEST(GradientNorm, IsHowFarAStepOfRateOneGoes) {
  const Dataset data = test::RandomDataset(150, 60, 4, 3);
  const OneStep step(data, kHidden, {});
  EXPECT_GT(step.norm, 1e-2);
  EXPECT_NEAR(step.norm, step.Way(), 1e-5 * step.norm);
  EXPECT_EQ(step.without_measuring, 0);
  const OneStep in_chunks(data, kHidden, {.chunk_size = 40});
  EXPECT_EQ(in_chunks.norm, step.norm);
  const OneStep normalised(data, kHidden, {}, 2, true);
  EXPECT_NEAR(normalised.norm, normalised.Way(), 1e-5 * normalised.norm);
}

TEST(GradientNorm, SameBitsForThreadsTargetsAndWaysOfTheFirstLayer) {
  const Dataset data = test::DigitsDataset(300, 1);
  const double expected = OneStep(data, {40}, {.zeros = Zeros::kMultiply}).norm;
  for (const int threads : {1, 2, 3, 8}) {
    for (const Zeros zeros : {Zeros::kMultiply, Zeros::kSkip, Zeros::kSparse}) {
      EXPECT_EQ(OneStep(data, {40}, {.zeros = zeros}, threads).norm, expected);
    }
  }
  test::ForEachTarget([&] {
    const double norm = OneStep(data, {40}, {}).norm;
    if (kernels::CurrentTargetHasFma()) {
      EXPECT_EQ(norm, expected);
    } else {
      EXPECT_NEAR(norm, expected, 1e-5 * expected);
    }
  });
}

TEST(ClipNorm, ShortensStepsThatAreTooLong) {
  const Dataset data = test::RandomDataset(150, 60, 4, 3);
  const OneStep free(data, kHidden, {});
  const OneStep clipped(data, kHidden, {.clip_norm = free.norm / 10});
  EXPECT_EQ(clipped.norm, free.norm) << "the norm before clipping";
  EXPECT_NEAR(clipped.Way(), free.norm / 10, 1e-4 * free.norm);
  const OneStep hardly(data, kHidden, {.clip_norm = free.norm * 2});
  for (size_t l = 0; l < free.after.size(); ++l) {
    EXPECT_TRUE(test::SameBits(free.after[l].weight.view(), hardly.after[l].weight.view()));
    EXPECT_TRUE(test::SameBits(free.after[l].bias.view(), hardly.after[l].bias.view()));
  }
  const OneStep normalised(data, kHidden, {}, 2, true);
  const OneStep shorter(data, kHidden, {.clip_norm = normalised.norm / 10}, 2, true);
  EXPECT_NEAR(shorter.Way(), normalised.norm / 10, 1e-4 * normalised.norm);
}

TEST(ClipNorm, IsPartOfTraining) {
  const Dataset data = test::RandomDataset(100, 6, 3, 5);
  TrainOptions options;
  options.batch_size = 20;
  options.epochs = 3;
  const std::string free = Train(data, options).model.ParametersHash();
  options.clip_norm = 1e6;
  EXPECT_EQ(Train(data, options).model.ParametersHash(), free);
  options.clip_norm = 0.1;
  EXPECT_NE(Train(data, options).model.ParametersHash(), free);
}

TEST(Accumulate, GivesTheBitsOfALargerBatch) {
  const Dataset data = test::DigitsDataset(1000, 1);
  TrainOptions options;
  options.hidden = {40};
  options.epochs = 2;
  options.batch_size = 120;
  options.optimizer = Optimizer::kAdam;
  const TrainResult whole = Train(data, options);
  options.batch_size = 40;
  options.accumulate = 3;
  for (const int threads : {1, 2, 3, 8}) {
    options.threads = threads;
    const TrainResult parts = Train(data, options);
    EXPECT_EQ(parts.steps, 2 * 9u) << "the last step of an epoch takes what is left";
    EXPECT_EQ(parts.model.ParametersHash(), whole.model.ParametersHash());
    EXPECT_EQ(parts.loss, whole.loss);
  }
}

TEST(Accumulate, CountsTowardsTheDefaultEpochs) {
  TrainOptions options;
  options.batch_size = 50;
  options.accumulate = 4;
  EXPECT_EQ(options.ExamplesPerStep(10'000), 200u);
  EXPECT_EQ(options.ExamplesPerStep(120), 120u);
  EXPECT_EQ(options.EpochsFor(10'000), 50u);
}

}  // namespace
}  // namespace colonnade
