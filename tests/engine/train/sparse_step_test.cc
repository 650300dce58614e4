// SPDX-License-Identifier: Apache-2.0
// Full batches by the nonzeros of the dataset, kept once, against full batches gathered.
#include <gtest/gtest.h>

#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "engine/data/scaling.h"
#include "engine/model/initialization.h"
#include "engine/train/step.h"
#include "tests/support/compare.h"
#include "tests/support/datasets.h"
#include "tests/support/targets.h"

namespace colonnade {
namespace {

// What some steps on all of the data made.
struct Outcome {
  std::vector<DenseParameters> parameters;
  std::vector<double> losses;
  std::vector<double> correct;
  bool sparse;
};

struct Trial {
  std::vector<size_t> hidden = {10};
  Scale scale = Scale::kUnit;
  Zeros zeros = Zeros::kSparse;
  int threads = 1;
};

Outcome Steps(const Dataset& data, const Trial& run) {
  const NetworkShape shape = NetworkShape::Mlp(data.features(), run.hidden, data.classes());
  const Scaling scaling = FitScaling(run.scale, data);
  Outcome outcome{UniformParameters(shape, 5), {}, {}, false};
  OptimizerState optimizer(TrainOptions(), shape);
  Execution execution(run.threads);
  TrainingStep step(shape, data, scaling, {.batch_size = data.examples(), .zeros = run.zeros},
                    outcome.parameters, optimizer, execution);
  outcome.sparse = step.sparse();
  std::vector<uint32_t> order(data.examples());
  std::iota(order.begin(), order.end(), 0u);
  for (int i = 0; i < 3; ++i) {
    const BatchLoss result = step.Run(order, 0.1);
    outcome.losses.push_back(result.loss);
    outcome.correct.push_back(result.correct);
  }
  return outcome;
}

void ExpectSame(const Outcome& expected, const Outcome& actual) {
  EXPECT_EQ(expected.losses, actual.losses);
  EXPECT_EQ(expected.correct, actual.correct);
  for (size_t l = 0; l < expected.parameters.size(); ++l) {
    EXPECT_TRUE(
        test::SameBits(expected.parameters[l].weight.view(), actual.parameters[l].weight.view()));
    EXPECT_TRUE(
        test::SameBits(expected.parameters[l].bias.view(), actual.parameters[l].bias.view()));
  }
}

struct Case {
  const char* name;
  size_t examples, features, classes;
  std::vector<size_t> hidden;
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

class SparseStepTest : public ::testing::TestWithParam<Case> {
 protected:
  static Dataset Data() {
    const Case& c = GetParam();
    return c.features == 784 ? test::DigitsDataset(c.examples, 3)
                             : test::SparseDataset(c.examples, c.features, c.classes, 0.15f, 3);
  }
};

TEST_P(SparseStepTest, HasTheBitsOfTheDensePathForAnyThreads) {
  const Dataset data = Data();
  Trial run{.hidden = GetParam().hidden};
  run.zeros = Zeros::kMultiply;
  const Outcome dense = Steps(data, run);
  run.zeros = Zeros::kSparse;
  for (const int threads : {1, 2, 3, 8}) {
    SCOPED_TRACE(std::to_string(threads) + " threads");
    run.threads = threads;
    const Outcome sparse = Steps(data, run);
    EXPECT_TRUE(sparse.sparse);
    ExpectSame(dense, sparse);
  }
}

TEST_P(SparseStepTest, HasTheBitsOfTheDensePathOnEveryTarget) {
  const Dataset data = Data();
  Trial run{.hidden = GetParam().hidden};
  run.zeros = Zeros::kMultiply;
  const Outcome best = Steps(data, run);
  test::ForEachTarget([&] {
    run.zeros = Zeros::kMultiply;
    const Outcome dense = Steps(data, run);
    run.zeros = Zeros::kSparse;
    ExpectSame(dense, Steps(data, run));
    if (kernels::CurrentTargetHasFma()) ExpectSame(best, dense);
  });
}

INSTANTIATE_TEST_SUITE_P(Runs, SparseStepTest,
                         ::testing::Values(Case{"Classic", 700, 784, 10, {10}},
                                           Case{"Logistic", 301, 784, 10, {}},
                                           Case{"Deep", 500, 784, 10, {29, 20}},
                                           Case{"OneExample", 1, 9, 2, {3}},
                                           Case{"OddSizes", 77, 101, 3, {13}},
                                           // More examples than a chunk holds.
                                           Case{"Chunks", 33'001, 20, 4, {6}}),
                         [](const auto& run) { return run.param.name; });

// What cannot be kept as bytes of one scale, or would not pay, goes the way of other batches.
TEST(SparseStep, FallsBackToGathering) {
  const Dataset floats = test::RandomDataset(50, 30, 3, 1);
  const Dataset dense = test::SparseDataset(50, 30, 3, 0.8f, 1);
  const Dataset sparse = test::SparseDataset(50, 30, 3, 0.1f, 1);
  const std::pair<const Dataset*, Trial> runs[] = {{&floats, {.scale = Scale::kNone}},
                                                   {&dense, {}},
                                                   {&sparse, {.scale = Scale::kMinMax}},
                                                   {&sparse, {.scale = Scale::kStandard}},
                                                   {&sparse, {.hidden = {33}}}};
  for (auto [data, run] : runs) {
    const Outcome kept = Steps(*data, run);
    EXPECT_FALSE(kept.sparse) << Name(run.scale);
    run.zeros = Zeros::kMultiply;
    ExpectSame(Steps(*data, run), kept);
  }
}

}  // namespace
}  // namespace colonnade
