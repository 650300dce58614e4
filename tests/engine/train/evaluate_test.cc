// SPDX-License-Identifier: Apache-2.0
#include "colonnade/evaluate.h"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "colonnade/error.h"
#include "colonnade/train.h"
#include "tests/support/datasets.h"
#include "tests/support/reference_network.h"

namespace colonnade {
namespace {

// A model whose logits are its three inputs.
Model Identity() {
  const NetworkShape shape = NetworkShape::Mlp(3, {}, 3);
  const std::vector<LayerParameters> parameters = {{{1, 0, 0, 0, 1, 0, 0, 0, 1}, {0, 0, 0}}};
  Schema schema;
  schema.features = 3;
  schema.classes = {"a", "b", "c"};
  return Model(shape, parameters, {Scale::kNone, {0, 0, 0}, {1, 1, 1}}, schema);
}

Dataset Logits(const std::vector<float>& values, const std::vector<uint32_t>& labels) {
  Schema schema;
  schema.features = 3;
  schema.classes = {"a", "b", "c"};
  return Dataset::FromMemory(std::span<const float>(values), labels, schema);
}

RankingMetrics Ranking(const Model& model, const Dataset& data, size_t k) {
  return Evaluate(model, data, EvaluateOptions{.top_k = k}).ranking.value();
}

TEST(EvaluateTest, CountsByHand) {
  // truth:      a          a          b          b          b
  // predicted:  a          b          b          b          a
  const Dataset data = Logits({9, 0, 0, 0, 9, 0, 0, 9, 0, 0, 9, 0, 9, 0, 0}, {0, 0, 1, 1, 1});
  const Evaluation e = Evaluate(Identity(), data);
  EXPECT_EQ(e.examples, 5u);
  EXPECT_EQ(e.correct, 3u);
  EXPECT_DOUBLE_EQ(e.accuracy, 0.6);
  EXPECT_EQ(e.confusion, (std::vector<uint64_t>{1, 1, 0, 1, 2, 0, 0, 0, 0}));
  EXPECT_DOUBLE_EQ(e.per_class[0].precision, 0.5);
  EXPECT_DOUBLE_EQ(e.per_class[0].recall, 0.5);
  EXPECT_DOUBLE_EQ(e.per_class[1].precision, 2.0 / 3);
  EXPECT_DOUBLE_EQ(e.per_class[1].recall, 2.0 / 3);
  EXPECT_DOUBLE_EQ(e.per_class[1].f1, 2.0 / 3);
  EXPECT_EQ(e.per_class[1].support, 3u);
  EXPECT_EQ(e.per_class[2].precision, 0) << "no case at all: 0, not NaN";
  EXPECT_EQ(e.per_class[2].f1, 0);
  EXPECT_NEAR(e.macro.precision, (0.5 + 2.0 / 3) / 3, 1e-15);
}

TEST(EvaluateTest, WeightedMeansCountEachClassAsOftenAsItIsTrue) {
  const Dataset data = Logits({9, 0, 0, 0, 9, 0, 0, 9, 0, 0, 9, 0, 9, 0, 0}, {0, 0, 1, 1, 1});
  const Evaluation e = Evaluate(Identity(), data);
  EXPECT_NEAR(e.weighted.precision, 0.4 * 0.5 + 0.6 * 2 / 3, 1e-15);
  EXPECT_NEAR(e.weighted.recall, e.accuracy, 1e-15);
  EXPECT_EQ(e.weighted.support, 5u);
}

TEST(EvaluateTest, RankingByHand) {
  // Logits that rank as the probabilities do, two of them equal for class a.
  const Dataset data = Logits({3, 0, 0, 1, 2, 0, 2, 0, 1, 0, 0, 5, 1, 2, 0}, {0, 0, 1, 2, 1});
  const Model model = Identity();
  EXPECT_DOUBLE_EQ(Ranking(model, data, 1).top_k_accuracy, 3.0 / 5);
  EXPECT_DOUBLE_EQ(Ranking(model, data, 2).top_k_accuracy, 4.0 / 5);
  EXPECT_DOUBLE_EQ(Ranking(model, data, 3).top_k_accuracy, 1);
  // a: examples 0 and 1 against 2, 3, 4, of which 2 is above 1, and 4 equals it: 4.5 of 6.
  // b: examples 2 and 4 against 0, 1, 3: 2 is above 0 (0.045) and 3 (0.007), as e^-2 / (1 + e^-2 +
  // e^-1) = 0.09 tells, 4 also, and equals 1: 4.5 of 6. c: 3 is above all.
  EXPECT_NEAR(Ranking(model, data, 1).roc_auc.value(), (0.75 + 0.75 + 1) / 3, 1e-12);
}

TEST(EvaluateTest, RankingOfTwoClassesIsThatOfTheSecond) {
  const std::vector<LayerParameters> parameters = {{{1, 0, 0, 1}, {0, 0}}};
  Schema schema;
  schema.features = 2;
  schema.classes = {"no", "yes"};
  const Model model(NetworkShape::Mlp(2, {}, 2), parameters, {Scale::kNone, {0, 0}, {1, 1}},
                    schema);
  const std::vector<float> values = {0, 1, 0, 2, 0, 3, 0, 4};
  const auto auc = [&](const std::vector<uint32_t>& labels) {
    const auto data = Dataset::FromMemory(std::span<const float>(values), labels, schema);
    return Ranking(model, data, 1).roc_auc;
  };
  EXPECT_EQ(auc({0, 0, 1, 1}), 1);
  EXPECT_EQ(auc({1, 1, 0, 0}), 0);
  EXPECT_EQ(auc({0, 1, 0, 1}), 0.75);
  EXPECT_EQ(auc({1, 1, 1, 1}), std::nullopt);
}

TEST(EvaluateTest, RankingChangesNothingElse) {
  const Dataset data = test::RandomDataset(300, 3, 3, 8);
  const Evaluation plain = Evaluate(Identity(), data, 1);
  const Evaluation ranked = Evaluate(Identity(), data, EvaluateOptions{.threads = 2, .top_k = 2});
  EXPECT_FALSE(plain.ranking);
  EXPECT_EQ(ranked.ranking.value().k, 2u);
  EXPECT_EQ(ranked.loss, plain.loss);
  EXPECT_EQ(ranked.confusion, plain.confusion);
  const Dataset two = test::RandomDataset(300, 3, 2, 8);
  TrainOptions options;
  options.loss = Loss::kBinaryCrossEntropy;
  options.epochs = 2;
  const Model single_output = Train(two, options).model;
  EXPECT_EQ(Evaluate(single_output, two, EvaluateOptions{.top_k = 1}).loss,
            Evaluate(single_output, two).loss);
  EXPECT_EQ(Ranking(single_output, two, 1).top_k_accuracy, Evaluate(single_output, two).accuracy);
}

TEST(EvaluateTest, LossIsTheMeanCrossEntropy) {
  const Dataset data = test::RandomDataset(300, 3, 3, 8);
  const Model model = Identity();
  const std::vector<uint32_t> labels(data.labels().begin(), data.labels().end());
  const double expected =
      test::ReferenceNetwork(model).Loss(test::ScaledValues(data, model.scaling()), labels);
  EXPECT_NEAR(Evaluate(model, data).loss, expected, 1e-6);
}

TEST(EvaluateTest, PredictionsAgreeWithEachOther) {
  const Dataset data = test::RandomDataset(1000, 3, 3, 8);
  const Model model = Identity();
  const std::vector<float> logits = model.Logits(data);
  const std::vector<float> probabilities = model.Probabilities(data);
  const std::vector<uint32_t> classes = model.Classes(data);
  size_t correct = 0;
  for (size_t e = 0; e < 1000; ++e) {
    const auto row = logits.begin() + static_cast<ptrdiff_t>(3 * e);
    ASSERT_EQ(std::max_element(row, row + 3) - row, classes[e]);
    float sum = 0;
    for (size_t k = 0; k < 3; ++k) sum += probabilities[3 * e + k];
    ASSERT_NEAR(sum, 1, 1e-6);
    ASSERT_EQ(logits[3 * e], data.floats()[e * data.stride()]) << "the identity, to the bit";
    if (classes[e] == data.labels()[e]) ++correct;
  }
  EXPECT_EQ(Evaluate(model, data).correct, correct);
}

TEST(EvaluateTest, MoreThreadsThanBlocksOfExamples) {
  const Model model = Identity();
  for (const size_t examples : {1u, 100u, 300u, 900u}) {
    const Dataset data = test::RandomDataset(examples, 3, 3, 8);
    const std::vector<uint32_t> expected = model.Classes(data, 1);
    for (int repeat = 0; repeat < 20; ++repeat) {
      ASSERT_EQ(model.Classes(data, 8), expected);
      ASSERT_EQ(Evaluate(model, data, 64).examples, examples);
    }
  }
}

TEST(EvaluateTest, ManyClassesHaveMetricsButNoMatrix) {
  const size_t classes = kMaxConfusionClasses + 1;
  const Dataset data = test::RandomDataset(classes, 2, classes, 8);
  TrainOptions options;
  options.hidden = {};
  options.epochs = 1;
  const Evaluation e = Evaluate(Train(data, options).model, data);
  EXPECT_TRUE(e.confusion.empty());
  ASSERT_EQ(e.per_class.size(), classes);
  size_t support = 0;
  for (const ClassMetrics& k : e.per_class) support += k.support;
  EXPECT_EQ(support, classes);
}

TEST(EvaluateTest, RejectsDataThatDoNotFit) {
  EXPECT_THROW(Evaluate(Identity(), test::RandomDataset(10, 4, 3, 1)), Error);
  EXPECT_THROW(Evaluate(Identity(), test::RandomDataset(10, 3, 4, 1)), Error);
  EXPECT_THROW(Identity().Classes(test::RandomDataset(10, 2, 3, 1)), Error);
}

}  // namespace
}  // namespace colonnade
