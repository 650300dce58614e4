// SPDX-License-Identifier: Apache-2.0
// A Predictor gives the bits of its Model, whatever room it has and however many examples it gets.
#include "colonnade/predictor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "colonnade/train.h"
#include "tests/support/datasets.h"
#include "tests/support/errors.h"

namespace colonnade {
namespace {

std::vector<float> ValuesOfAll(const Dataset& data) {
  std::vector<float> values;
  for (size_t e = 0; e < data.examples(); ++e) {
    const std::vector<float> example = test::ValuesOf(data, e);
    values.insert(values.end(), example.begin(), example.end());
  }
  return values;
}

Model Trained(const Dataset& data, TrainOptions options) {
  options.epochs = 2;
  options.threads = 1;  // for ThreadSanitizer, see tests/README.md
  return Train(data, options).model;
}

void ExpectSameClassifier(const Model& model, const Dataset& data) {
  const std::vector<float> values = ValuesOfAll(data);
  const std::vector<float> logits = model.Logits(data, 1);
  const std::vector<float> probabilities = model.Probabilities(data, 1);
  const std::vector<uint32_t> classes = model.Classes(data, 1);
  for (const size_t room : {1u, 3u, 128u, 100000u}) {
    Predictor predictor(model, room);
    for (const size_t count : {size_t{1}, size_t{5}, data.examples()}) {
      SCOPED_TRACE(testing::Message() << "room for " << room << ", " << count << " examples");
      const std::span in = std::span(values).first(count * data.features());
      std::vector<float> found(count * model.shape().outputs());
      predictor.Logits(in, found);
      EXPECT_TRUE(std::ranges::equal(found, std::span(logits).first(found.size())));
      found.resize(count * data.classes());
      predictor.Probabilities(in, found);
      EXPECT_TRUE(std::ranges::equal(found, std::span(probabilities).first(found.size())));
      std::vector<uint32_t> found_classes(count);
      predictor.Classes(in, found_classes);
      EXPECT_TRUE(std::ranges::equal(found_classes, std::span(classes).first(count)));
    }
  }
}

TEST(PredictorTest, GivesTheBitsOfItsModel) {
  TrainOptions options;
  options.hidden = {40, 9};
  ExpectSameClassifier(Trained(test::DigitsDataset(300, 1), options), test::DigitsDataset(300, 1));
  const Dataset two = test::RandomDataset(140, 7, 2, 3);
  options.activation = Activation::kGelu;
  options.batch_norm = true;
  options.loss = Loss::kBinaryCrossEntropy;
  ExpectSameClassifier(Trained(two, options), two);
}

TEST(PredictorTest, PredictsNumbers) {
  const std::vector<float> values = {1, 2, 3, 4, 5, 6, 7, 8};
  const std::vector<float> targets = {0.5f, 3, 4.5f, 9};
  Schema schema;
  schema.features = 2;
  const Dataset data = Dataset::FromMemory(std::span<const float>(values), targets, schema);
  const Model model = Trained(data, {});
  Predictor predictor(model, 2);
  std::vector<float> found(4);
  predictor.Values(values, found);
  std::vector<double> doubles(4);
  predictor.Values(values, doubles);
  EXPECT_EQ(doubles, model.Values(data, 1));
  EXPECT_EQ(std::vector<double>(found.begin(), found.end()), doubles);
  std::vector<uint32_t> classes(4);
  test::ExpectError(ErrorCode::kInvalidArgument, "model: predicts numbers, not classes",
                    [&] { predictor.Classes(values, classes); });
}

TEST(PredictorTest, Moves) {
  const Dataset data = test::RandomDataset(20, 4, 3, 3);
  const Model model = Trained(data, {});
  Predictor first(model);
  Predictor predictor = std::move(first);
  first = Predictor(model, 7);
  std::vector<uint32_t> classes(20);
  predictor.Classes(ValuesOfAll(data), classes);
  EXPECT_EQ(classes, model.Classes(data, 1));
  EXPECT_EQ(predictor.model().ParametersHash(), model.ParametersHash());
}

TEST(PredictorTest, RefusesWhatCannotBeMeant) {
  const Model model = Trained(test::RandomDataset(20, 4, 3, 3), {});
  test::ExpectError(ErrorCode::kInvalidArgument, "most_examples: found 0, expected at least 1",
                    [&] { Predictor(model, 0); });
  std::vector<float> output(3);
  Predictor predictor(model);
  test::ExpectError(
      ErrorCode::kBadData,
      "examples: found 5 values, expected a multiple of 4 (as the model has features)",
      [&] { predictor.Logits(std::vector<float>(5), output); });
  test::ExpectError(ErrorCode::kInvalidArgument,
                    "output: found room for 3 values, expected 6 (3 for each of 2 examples)",
                    [&] { predictor.Probabilities(std::vector<float>(8), output); });
}

}  // namespace
}  // namespace colonnade
