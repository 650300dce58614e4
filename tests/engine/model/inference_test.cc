// SPDX-License-Identifier: Apache-2.0
// Prediction straight from memory gives the bits of prediction from a dataset, in any number of
// examples at a time and from any number of threads at once.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <limits>
#include <ostream>
#include <string>
#include <thread>
#include <vector>

#include "colonnade/model.h"
#include "tests/support/datasets.h"
#include "tests/support/errors.h"
#include "tests/support/random.h"
#include "tests/support/targets.h"

namespace colonnade {
namespace {

struct Case {
  const char* name;
  size_t features;
  std::vector<size_t> hidden;
  size_t classes;
  double density;  // of the examples
};

void PrintTo(const Case& network, std::ostream* out) { *out << network.name; }

const std::vector<Case> kCases = {{"Digits", 784, {128}, 10, 0.2},
                                  {"Dense", 100, {40, 33}, 7, 1.0},
                                  {"Wide", 37, {300}, 3, 0.5},
                                  {"ManyInputs", 1500, {5}, 2, 0.1},
                                  {"Logistic", 3, {}, 20, 0.6}};

Model RandomModel(const Case& network) {
  test::Random random(21);
  const NetworkShape shape = NetworkShape::Mlp(network.features, network.hidden, network.classes);
  std::vector<LayerParameters> parameters;
  for (const Layer& layer : shape.layers) {
    LayerParameters& to = parameters.emplace_back();
    for (size_t i = 0; i < layer.inputs * layer.outputs; ++i) {
      to.weight.push_back(random.Uniform(-1, 1));
    }
    for (size_t i = 0; i < layer.outputs; ++i) to.bias.push_back(random.Uniform(-1, 1));
  }
  Scaling scaling{Scale::kStandard, {}, {}};
  for (size_t f = 0; f < network.features; ++f) {
    scaling.offset.push_back(f % 3 == 0 ? random.Uniform(-1, 1) : 0.0f);
    scaling.scale.push_back(random.Uniform(0.1f, 2));
  }
  Schema schema;
  schema.features = network.features;
  for (size_t k = 0; k < network.classes; ++k) schema.classes.push_back(std::to_string(k));
  return Model(shape, parameters, scaling, schema);
}

// Values whose scaled values have about the density wanted; some of them are denormal.
std::vector<float> RandomExamples(const Model& model, double density, size_t count) {
  test::Random random(22);
  std::vector<float> examples;
  for (size_t e = 0; e < count; ++e) {
    for (size_t f = 0; f < model.shape().inputs(); ++f) {
      const bool zero = random.Uniform(0, 1) >= static_cast<float>(density);
      examples.push_back(zero                    ? model.scaling().offset[f]
                         : random.Below(50) == 0 ? 1e-40f
                                                 : random.Uniform(-1, 1));
    }
  }
  return examples;
}

Dataset DatasetOf(const Model& model, const std::vector<float>& examples) {
  const std::vector<uint32_t> labels(examples.size() / model.shape().inputs(), 0);
  return Dataset::FromMemory(std::span<const float>(examples), labels, model.schema());
}

bool SameBits(std::span<const float> a, std::span<const float> b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
}

// All outputs, asked for in calls of `at_once` examples.
struct Outputs {
  Outputs(const Model& model, std::span<const float> examples, size_t at_once) {
    const size_t features = model.shape().inputs();
    const size_t outputs = model.shape().outputs();
    const size_t count = examples.size() / features;
    logits.resize(count * outputs);
    probabilities.resize(count * outputs);
    classes.resize(count);
    for (size_t e = 0; e < count; e += at_once) {
      const size_t n = std::min(at_once, count - e);
      const auto in = examples.subspan(e * features, n * features);
      model.Logits(in, std::span(logits).subspan(e * outputs, n * outputs));
      model.Probabilities(in, std::span(probabilities).subspan(e * outputs, n * outputs));
      model.Classes(in, std::span(classes).subspan(e, n));
    }
  }

  std::vector<float> logits, probabilities;
  std::vector<uint32_t> classes;
};

class InferenceTest : public testing::TestWithParam<Case> {
 protected:
  static constexpr size_t kExamples = 300;  // two full blocks and a rest

  const Model model_ = RandomModel(GetParam());
  const std::vector<float> examples_ = RandomExamples(model_, GetParam().density, kExamples);
};

TEST_P(InferenceTest, SameBitsAsOverADatasetOnEveryTarget) {
  const Dataset data = DatasetOf(model_, examples_);
  test::ForEachTarget([&] {
    const std::vector<float> logits = model_.Logits(data, 1);
    const std::vector<float> probabilities = model_.Probabilities(data, 1);
    const std::vector<uint32_t> classes = model_.Classes(data, 1);
    for (const int threads : {2, 8}) {
      ASSERT_TRUE(SameBits(model_.Logits(data, threads), logits)) << threads << " threads";
    }
    for (const size_t at_once : {1u, 2u, 3u, 7u, 128u, 129u, 300u}) {
      const Outputs outputs(model_, examples_, at_once);
      ASSERT_TRUE(SameBits(outputs.logits, logits)) << at_once << " at once";
      ASSERT_TRUE(SameBits(outputs.probabilities, probabilities)) << at_once << " at once";
      ASSERT_EQ(outputs.classes, classes) << at_once << " at once";
    }
  });
}

TEST_P(InferenceTest, DatasetsOfAnySize) {
  const std::vector<float> logits = model_.Logits(DatasetOf(model_, examples_), 1);
  for (const size_t count : {1u, 2u, 127u, 129u}) {
    const std::vector<float> some(
        examples_.begin(), examples_.begin() + static_cast<ptrdiff_t>(count * GetParam().features));
    const std::span expected = std::span(logits).first(count * GetParam().classes);
    EXPECT_TRUE(SameBits(model_.Logits(DatasetOf(model_, some), 2), expected)) << count;
  }
}

// Threads that share a model, with their own numbers of examples at a time.
TEST_P(InferenceTest, ThreadsDoNotDisturbEachOther) {
  const Outputs expected(model_, examples_, 1);
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (size_t t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (const size_t at_once : {t + 1, size_t{1}, 40 * t + 3}) {
        const Outputs found(model_, examples_, at_once);
        if (!SameBits(found.logits, expected.logits) ||
            !SameBits(found.probabilities, expected.probabilities) ||
            found.classes != expected.classes) {
          ++wrong;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

INSTANTIATE_TEST_SUITE_P(Networks, InferenceTest, testing::ValuesIn(kCases),
                         [](const auto& network) { return network.param.name; });

// One thread that goes from model to model: what it keeps of one must not show in the next.
TEST(Inference, ModelsInTurn) {
  std::vector<Model> models;
  std::vector<std::vector<float>> examples;
  std::vector<Outputs> expected;
  for (const Case& network : kCases) {
    models.push_back(RandomModel(network));
    examples.push_back(RandomExamples(models.back(), network.density, 5));
    expected.emplace_back(models.back(), examples.back(), 1);
  }
  for (const size_t at_once : {5u, 1u, 2u}) {
    for (size_t m = 0; m < models.size(); ++m) {
      EXPECT_TRUE(SameBits(Outputs(models[m], examples[m], at_once).logits, expected[m].logits));
    }
  }
}

TEST(Inference, NanStaysInItsExample) {
  const Model model = RandomModel(kCases[0]);
  std::vector<float> examples = RandomExamples(model, 0.2, 4);
  const Outputs good(model, examples, 4);
  examples[784 + 5] = std::numeric_limits<float>::quiet_NaN();
  examples[2 * 784 + 9] = std::numeric_limits<float>::infinity();
  for (const size_t at_once : {1u, 4u}) {
    const Outputs found(model, examples, at_once);
    for (const size_t e : {0u, 3u}) {
      EXPECT_TRUE(SameBits(std::span(found.probabilities).subspan(10 * e, 10),
                           std::span(good.probabilities).subspan(10 * e, 10)));
    }
    EXPECT_TRUE(std::isnan(found.probabilities[10]));
    for (const uint32_t k : found.classes) EXPECT_LT(k, 10u);
  }
}

TEST(Inference, RejectsSizesThatDoNotFit) {
  const Model model = RandomModel(kCases[4]);  // 3 features, 20 classes
  std::vector<float> values(9);
  std::vector<float> outputs(60);
  std::vector<uint32_t> classes(3);
  const std::span in(values);
  const std::span out(outputs);
  const auto expect_bad_data = [&](const std::string& found, const auto& call) {
    test::ExpectError(ErrorCode::kBadData,
                      "examples: found " + found +
                          " values, expected a multiple of 3 (as the model has features)",
                      call);
  };
  expect_bad_data("8", [&] { model.Logits(in.first(8), out); });
  expect_bad_data("2", [&] { model.Probabilities(in.first(2), out.first(20)); });
  expect_bad_data("4", [&] { model.Classes(in.first(4), std::span(classes).first(1)); });
  const auto expect_bad_output = [&](const std::string& text, const auto& call) {
    test::ExpectError(ErrorCode::kInvalidArgument, "output: found room for " + text, call);
  };
  expect_bad_output("40 values, expected 60 (20 for each of 3 examples)",
                    [&] { model.Logits(in, out.first(40)); });
  expect_bad_output("60 values, expected 20 (20 for each of 1 examples)",
                    [&] { model.Probabilities(in.first(3), out); });
  expect_bad_output("3 values, expected 2 (1 for each of 2 examples)",
                    [&] { model.Classes(in.first(6), classes); });
  EXPECT_EQ(outputs, std::vector<float>(60)) << "written before it was refused";
  EXPECT_NO_THROW(model.Logits(in.first(0), out.first(0)));
}

}  // namespace
}  // namespace colonnade
