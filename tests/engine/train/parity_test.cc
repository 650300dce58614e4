// SPDX-License-Identifier: Apache-2.0
// Training step for step as PyTorch does it: tools/check_training.py wrote data, start and ends to
// tests/data.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "colonnade/options.h"
#include "colonnade/train.h"
#include "tests/support/golden.h"
#include "tests/support/plain_options.h"

namespace colonnade {
namespace {

// A case has options by their names, but with _ for -.
TrainOptions OptionsOf(const nlohmann::json& meta, const std::string& case_name) {
  TrainOptions options = test::PlainOptions();
  options.hidden = meta["hidden"].get<std::vector<size_t>>();
  options.epochs = meta["epochs"];
  options.seed = meta["seed"];
  options.batch_size = meta["batch_size"];
  options.target_scale = TargetScale::kNone;
  options.scale = Scale::kNone;
  for (const auto& [key, value] : meta["cases"].at(case_name).items()) {
    if (key == "weights") continue;  // of the examples
    std::string name = key;
    std::ranges::replace(name, '_', '-');
    std::string text = value.is_string() ? value.get<std::string>() : value.dump();
    std::erase_if(text, [](char c) { return c == '[' || c == ']'; });  // a list
    SetOption(options, name, text);
  }
  return options;
}

Dataset DataOf(const test::GoldenFile& golden, Loss loss) {
  const auto classes = golden.Values<uint8_t>("y");
  const auto values = golden.Values<float>("x");
  Schema schema;
  schema.features = values.size() / classes.size();
  if (RowOf(loss).for_numbers) {
    const char* const targets = loss == Loss::kPoisson ? "counts" : "t";
    return Dataset::FromMemory(std::span<const float>(values),
                               std::span<const float>(golden.Values<float>(targets)), schema);
  }
  const bool two = loss == Loss::kBinaryCrossEntropy;
  std::vector<uint32_t> labels;
  for (const uint8_t k : classes) labels.push_back(two ? (k >= 2 ? 1 : 0) : k);
  for (int k = 0; k < (two ? 2 : 5); ++k) schema.classes.push_back(std::to_string(k));
  return Dataset::FromMemory(std::span<const float>(values), labels, schema);
}

Model StartOf(const test::GoldenFile& golden, const TrainOptions& options, const Dataset& data) {
  const OutputKind kind = RowOf(options.loss).output;
  TargetScaling target;
  if (options.loss == Loss::kPoisson) target.transform = TargetTransform::kLog;
  if (options.loss == Loss::kQuantile) {
    target.levels.assign(options.quantiles.begin(), options.quantiles.end());
  }
  const size_t outputs =
      kind == OutputKind::kSoftmax ? data.classes() : std::max<size_t>(1, target.levels.size());
  NetworkShape shape =
      NetworkShape::Mlp(data.features(), *options.hidden, outputs, (*options.activation)[0]);
  shape.output = kind;
  std::vector<LayerParameters> layers;
  for (size_t l = 0; l < shape.layers.size(); ++l) {
    const std::string prefix = fmt::format("start{}.{}", outputs, 2 * l);
    layers.push_back(
        {golden.Values<float>(prefix + ".weight"), golden.Values<float>(prefix + ".bias")});
    shape.layers[l].batch_norm = l + 1 < shape.layers.size() && options.batch_norm[l];
    if (!shape.layers[l].batch_norm) continue;
    layers[l].gamma.assign(shape.layers[l].outputs, 1);
    layers[l].running_mean.assign(shape.layers[l].outputs, 0);
    layers[l].running_variance.assign(shape.layers[l].outputs, 1);
  }
  const std::vector<float> ones(data.features(), 1.0f);
  const std::vector<float> zeros(data.features(), 0.0f);
  return Model(shape, layers, {Scale::kNone, zeros, ones}, data.schema(), target);
}

// Euclidean norm of a − b.
double Distance(const std::vector<float>& a, const std::vector<float>& b) {
  double squares = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    squares += std::pow(static_cast<double>(a[i]) - static_cast<double>(b[i]), 2);
  }
  return std::sqrt(squares);
}

// Within 1e-4 of the parameters, and of how far the training went.
void ExpectNear(const std::vector<float>& actual, const std::vector<float>& expected,
                const std::vector<float>& start) {
  ASSERT_EQ(actual.size(), expected.size());
  const double way = Distance(expected, start);
  const std::vector<float> zeros(start.size());
  ASSERT_GT(way, 0.01 * Distance(start, zeros));
  EXPECT_LT(Distance(actual, expected), 1e-4 * std::min(way, Distance(expected, zeros)));
}

class ParityTest : public ::testing::TestWithParam<std::string> {};

TEST_P(ParityTest, ParametersAfterFiftySteps) {
  const test::GoldenFile golden("training.safetensors");
  TrainOptions options = OptionsOf(golden.meta(), GetParam());
  Dataset data = DataOf(golden, options.loss);
  if (golden.meta()["cases"].at(GetParam()).contains("weights")) {
    data = data.WithWeights(golden.Values<float>("weights"));
  }
  const Model start = StartOf(golden, options, data);
  options.start = start;
  const TrainResult result = Train(data, options);
  EXPECT_EQ(result.steps, 50u);
  size_t module = 0;
  for (size_t l = 0; l < start.shape().layers.size(); ++l) {
    SCOPED_TRACE("layer " + std::to_string(l));
    const auto expected = [&](const char* name) {
      return golden.Values<float>(fmt::format("{}.{}.{}", GetParam(), module, name));
    };
    const LayerParameters before = start.parameters(l);
    const LayerParameters actual = result.model.parameters(l);
    ExpectNear(actual.weight, expected("weight"), before.weight);
    if (start.shape().layers[l].batch_norm) {
      ++module;
      ExpectNear(actual.gamma, expected("weight"), before.gamma);
      ExpectNear(actual.running_mean, expected("running_mean"), before.running_mean);
      ExpectNear(actual.running_variance, expected("running_var"), before.running_variance);
    }
    ExpectNear(actual.bias, expected("bias"), before.bias);
    module += 2;
  }
  if (!start.shape().batch_norm()) return;
  // As it predicts, the first examples.
  const auto outputs = golden.Values<float>(fmt::format("{}.outputs", GetParam()));
  std::vector<float> actual = result.model.Logits(data);
  actual.resize(outputs.size());
  ExpectNear(actual, outputs, std::vector<float>(outputs.size()));
}

std::vector<std::string> Cases() {
  std::vector<std::string> names;
  const test::GoldenFile golden("training.safetensors");
  for (const auto& item : golden.meta()["cases"].items()) names.push_back(item.key());
  return names;
}

INSTANTIATE_TEST_SUITE_P(Cases, ParityTest, ::testing::ValuesIn(Cases()),
                         [](const auto& run) { return run.param; });

// Optimizers have a file of their own.
TEST(ParityGolden, HasEveryLossScheduleAndActivation) {
  const test::GoldenFile golden("training.safetensors");
  std::set<std::string> found;
  for (const std::string& name : Cases()) {
    const TrainOptions options = OptionsOf(golden.meta(), name);
    found.insert(Name(options.loss));
    found.insert(Name(options.ScheduleInForce()));
    found.insert(Name((*options.activation)[0]));
  }
  found.insert(Name(Loss::kCrossEntropy));  // by kAuto
  for (const LossRow& row : kLosses) EXPECT_TRUE(found.contains(row.name)) << row.name;
  for (const ScheduleRow& row : kSchedules) EXPECT_TRUE(found.contains(row.name)) << row.name;
  for (const auto& row : kActivations) EXPECT_TRUE(found.contains(row.name)) << row.name;
}

}  // namespace
}  // namespace colonnade
