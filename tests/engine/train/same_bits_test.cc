// SPDX-License-Identifier: Apache-2.0
// The first invariant: the same bits for any number of threads and every target with FMA.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "colonnade/evaluate.h"
#include "colonnade/machine.h"
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

struct Case {
  const char* name;
  std::vector<size_t> hidden;
  size_t batch_size;
  Optimizer optimizer;
  Precision precision = Precision::kF32;
  std::vector<Activation> activations = {};
  double clip_norm = 0;
  double dropout = 0;
  std::vector<bool> batch_norms = {};
  double ema = 0;
  Augmentation augment = {};
};

void PrintTo(const Case& run, std::ostream* out) { *out << run.name; }

class SameBitsTest : public ::testing::TestWithParam<Case> {
 protected:
  TrainOptions Options() const {
    TrainOptions options;
    options.hidden = GetParam().hidden;
    options.batch_size = GetParam().batch_size;
    options.optimizer = GetParam().optimizer;
    options.precision = GetParam().precision;
    if (!GetParam().activations.empty()) options.activation = GetParam().activations;
    options.clip_norm = GetParam().clip_norm;
    options.dropout = GetParam().dropout;
    options.ema = GetParam().ema;
    options.augment = GetParam().augment;
    if (!GetParam().batch_norms.empty()) options.batch_norm = GetParam().batch_norms;
    options.epochs = 2;
    options.seed = 42;
    options.threads = 1;
    return options;
  }

  const Dataset data_ = test::DigitsDataset(test::kMoreThanAChunk, 1);
};

TEST_P(SameBitsTest, ForAnyNumberOfThreads) {
  TrainOptions options = Options();
  const TrainResult one = Train(data_, options);
  const Evaluation evaluation = Evaluate(one.model, data_, 1);
  for (const int threads : {2, 3, 8}) {
    options.threads = threads;
    const TrainResult many = Train(data_, options);
    EXPECT_EQ(many.threads, threads);
    EXPECT_EQ(many.model.ParametersHash(), one.model.ParametersHash()) << threads << " threads";
    EXPECT_EQ(many.loss, one.loss);
    EXPECT_EQ(many.accuracy, one.accuracy);
    EXPECT_EQ(Evaluate(many.model, data_, threads).loss, evaluation.loss);
    EXPECT_EQ(many.model.Logits(data_, threads), one.model.Logits(data_, 1));
  }
}

TEST_P(SameBitsTest, OnPartsAsOnCopiesOfThem) {
  std::vector<uint32_t> chosen;
  for (uint32_t e = 0; e < data_.examples(); ++e) {
    if (e % 3 != 1) chosen.push_back(test::kMoreThanAChunk - 1 - e);
  }
  const Dataset part = data_.Part(chosen);
  const Dataset copy = data_.Select(chosen);
  TrainOptions options = Options();
  options.scale = Scale::kStandard;
  options.class_weight.balanced = true;
  options.threads = 2;
  options.validation_data = part;
  const TrainResult of_part = Train(part, options);
  options.validation_data = copy;
  const TrainResult of_copy = Train(copy, options);
  EXPECT_EQ(of_part.model.ParametersHash(), of_copy.model.ParametersHash());
  EXPECT_EQ(of_part.loss, of_copy.loss);
  EXPECT_EQ(of_part.validation->loss, of_copy.validation->loss);
}

TEST(SameBits, OfFullBatchesOfAPartByTheirNonzeros) {
  const Dataset data = test::SparseDataset(900, 40, 3, 0.1F, 5);
  std::vector<uint32_t> chosen;
  for (uint32_t e = 0; e < 900; e += 2) chosen.push_back(e);
  TrainOptions options = TrainOptions::Classic();
  options.epochs = 20;
  options.scale = Scale::kUnit;
  EXPECT_EQ(Train(data.Part(chosen), options).model.ParametersHash(),
            Train(data.Select(chosen), options).model.ParametersHash());
}

TEST_P(SameBitsTest, ForEveryTargetWithFma) {
  std::string first;
  double loss = 0;
  test::ForEachTarget([&] {
    if (!kernels::CurrentTargetHasFma()) return;
    const TrainResult result = Train(data_, Options());
    if (first.empty()) {
      first = result.model.ParametersHash();
      loss = result.loss;
    }
    EXPECT_EQ(result.model.ParametersHash(), first);
    EXPECT_EQ(result.loss, loss);
  });
}

// Digits are mostly zero. Skipping the zeros and multiplying by them must give the same.
TEST(SameBitsSparseTest, AsTheDensePath) {
  for (const bool batch_norm : {false, true}) {
    const Dataset sparse = test::DigitsDataset(300, 1);
    std::vector<DenseParameters> by_path[2];
    for (const bool skip : {false, true}) {
      NetworkShape shape = NetworkShape::Mlp(784, std::vector<size_t>{40}, 10);
      shape.layers.front().batch_norm = batch_norm;
      const Scaling scaling = FitScaling(Scale::kUnit, sparse);
      std::vector<DenseParameters> parameters = HeParameters(shape, 5);
      OptimizerState optimizer(TrainOptions(), shape);
      Execution execution(2);
      TrainingStep step(shape, sparse, scaling,
                        {.batch_size = 50, .zeros = skip ? Zeros::kSkip : Zeros::kMultiply},
                        parameters, optimizer, execution);
      std::vector<uint32_t> order(300);
      std::iota(order.begin(), order.end(), 0u);
      for (size_t begin = 0; begin < 300; begin += 50) step.Run({order.data() + begin, 50}, 0.1);
      by_path[skip ? 1 : 0] = std::move(parameters);
    }
    for (size_t l = 0; l < 2; ++l) {
      for (const ParameterPart& part : kLearnedParts) {
        EXPECT_TRUE(test::SameBits(std::as_const(by_path[0][l].*part.matrix).view(),
                                   std::as_const(by_path[1][l].*part.matrix).view()));
      }
    }
  }
}

TEST_P(SameBitsTest, AndOthersForAnotherSeed) {
  TrainOptions options = Options();
  const std::string hash = Train(data_, options).model.ParametersHash();
  EXPECT_EQ(Train(data_, options).model.ParametersHash(), hash);
  options.seed = 43;
  EXPECT_NE(Train(data_, options).model.ParametersHash(), hash);
}

// A layer for each activation that no matrix product applies.
Case WithActivations(const char* name, size_t batch_size, Precision precision) {
  constexpr size_t kWidths[] = {33, 50, 18, 20, 17, 21};
  Case c = {name, {}, batch_size, Optimizer::kSgd, precision};
  for (const auto& row : kActivations) {
    if (row.value == Activation::kIdentity || row.value == Activation::kRelu) continue;
    c.hidden.push_back(kWidths[c.hidden.size() % std::size(kWidths)]);
    c.activations.push_back(row.value);
  }
  return c;
}

std::vector<Case> WithOptimizers() {
  std::vector<Case> cases;
  for (const OptimizerRow& row : kOptimizers) cases.push_back({row.name, {40}, 100, row.value});
  cases.push_back({"hidden_muon", {70, 40, 50}, 100, Optimizer::kMuon});
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Optimizers, SameBitsTest, ::testing::ValuesIn(WithOptimizers()),
                         [](const auto& run) {
                           std::string name = run.param.name;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

INSTANTIATE_TEST_SUITE_P(
    Runs, SameBitsTest,
    ::testing::Values(Case{"Logistic", {}, 64, Optimizer::kSgd},
                      Case{"OneHidden", {70}, 100, Optimizer::kMomentum},
                      Case{"Deep", {33, 20}, 128, Optimizer::kMomentum},
                      Case{.name = "Dropout",
                           .hidden = {100, 20},
                           .batch_size = 64,
                           .optimizer = Optimizer::kAdam,
                           .dropout = 0.4},
                      Case{.name = "DropoutFewColumns",
                           .hidden = {224, 40},
                           .batch_size = 20,
                           .optimizer = Optimizer::kMomentum,
                           .dropout = 0.4},
                      Case{.name = "DropoutBf16",
                           .hidden = {70, 20},
                           .batch_size = 64,
                           .optimizer = Optimizer::kMomentum,
                           .precision = Precision::kBf16,
                           .activations = {Activation::kRelu, Activation::kGelu},
                           .dropout = 0.4},
                      Case{.name = "BatchNorm",
                           .hidden = {70, 40, 33},
                           .batch_size = 100,
                           .optimizer = Optimizer::kAdam,
                           .activations = {Activation::kRelu, Activation::kGelu, Activation::kTanh},
                           .clip_norm = 0.5,
                           .dropout = 0.2,
                           .batch_norms = {true, false, true}},
                      Case{.name = "Average",
                           .hidden = {70, 33},
                           .batch_size = 100,
                           .optimizer = Optimizer::kAdam,
                           .batch_norms = {true, false},
                           .ema = 0.9},
                      Case{.name = "Augmented",
                           .hidden = {70},
                           .batch_size = 100,
                           .optimizer = Optimizer::kMomentum,
                           .dropout = 0.2,
                           .augment = {.shift = 2, .rotate = 10}},
                      Case{.name = "AugmentedFullBatch",
                           .hidden = {10},
                           .batch_size = 0,
                           .optimizer = Optimizer::kSgd,
                           .augment = {.shift = 3}},
                      Case{.name = "AugmentedBf16FewColumns",
                           .hidden = {224, 40},
                           .batch_size = 20,
                           .optimizer = Optimizer::kMomentum,
                           .precision = Precision::kBf16,
                           .augment = {.rotate = 15}},
                      Case{.name = "BatchNormFewColumns",
                           .hidden = {224, 40},
                           .batch_size = 20,
                           .optimizer = Optimizer::kMomentum,
                           .batch_norms = {true, true}},
                      Case{.name = "BatchNormLastOfOne",
                           .hidden = {33, 20},
                           .batch_size = test::kMoreThanAChunk - 1,
                           .optimizer = Optimizer::kMomentum,
                           .batch_norms = {true, true}},
                      Case{.name = "BatchNormFullBatch",
                           .hidden = {20},
                           .batch_size = 0,
                           .optimizer = Optimizer::kSgd,
                           .batch_norms = {true}},
                      // With 8 threads phase A goes layer by layer.
                      Case{"FewColumns", {224, 40}, 20, Optimizer::kMomentum},
                      Case{"FullBatchInChunks", {10}, 0, Optimizer::kSgd},
                      WithActivations("Activations", 100, Precision::kF32),
                      WithActivations("Bf16Activations", 101, Precision::kBf16),
                      Case{"ActivationsFewColumns",
                           {224, 40},
                           20,
                           Optimizer::kSgd,
                           Precision::kF32,
                           {Activation::kGelu, Activation::kSigmoid}},
                      Case{"Bf16ActivationsFewColumns",
                           {224, 40},
                           20,
                           Optimizer::kSgd,
                           Precision::kBf16,
                           {Activation::kGelu, Activation::kSigmoid}},
                      Case{"Clipped", {160}, 100, Optimizer::kMomentum, Precision::kF32, {}, 0.05},
                      Case{"Bf16", {33, 20}, 101, Optimizer::kMomentum, Precision::kBf16},
                      Case{"Bf16FewColumns", {224, 40}, 20, Optimizer::kMomentum, Precision::kBf16},
                      Case{"Bf16FullBatch", {10}, 0, Optimizer::kSgd, Precision::kBf16}),
    [](const auto& run) { return run.param.name; });

}  // namespace
}  // namespace colonnade
