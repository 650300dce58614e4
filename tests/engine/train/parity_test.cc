// Training step for step as PyTorch does it: tools/check_training.py wrote data, start and ends to
// tests/data.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "colonnade/train.h"
#include "tests/support/golden.h"

namespace colonnade {
namespace {

const std::map<std::string, Optimizer> kOptimizers = {
    {"sgd", Optimizer::kSgd},           {"momentum", Optimizer::kMomentum},
    {"nesterov", Optimizer::kNesterov}, {"adam", Optimizer::kAdam},
    {"adamw", Optimizer::kAdamW},       {"rmsprop", Optimizer::kRmsprop}};
const std::map<std::string, Schedule> kSchedules = {{"constant", Schedule::kConstant},
                                                    {"step", Schedule::kStep},
                                                    {"exponential", Schedule::kExponential},
                                                    {"cosine", Schedule::kCosine},
                                                    {"onecycle", Schedule::kOneCycle}};

const std::map<std::string, Loss> kLosses = {
    {"bce", Loss::kBinaryCrossEntropy}, {"squared", Loss::kSquared}, {"huber", Loss::kHuber}};

TrainOptions OptionsOf(const nlohmann::json& meta, const std::string& name) {
  const nlohmann::json& flags = meta["cases"].at(name);
  TrainOptions options;
  options.hidden = meta["hidden"].get<std::vector<size_t>>();
  options.epochs = meta["epochs"];
  options.seed = meta["seed"];
  options.batch_size = flags.value("batch_size", meta["batch_size"].get<size_t>());
  options.accumulate = flags.value("accumulate", options.accumulate);
  options.optimizer = kOptimizers.at(flags["optimizer"]);
  options.learning_rate = flags["lr"].get<double>();
  options.schedule = kSchedules.at(flags.value("schedule", "cosine"));
  options.warmup = flags.value("warmup", options.warmup);
  options.clip_norm = flags.value("clip_norm", options.clip_norm);
  options.label_smoothing = flags.value("label_smoothing", options.label_smoothing);
  options.class_weights = flags.value("class_weight", options.class_weights);
  options.huber_delta = flags.value("huber_delta", options.huber_delta);
  options.activation = ActivationNamed(flags.value("activation", "relu")).value();
  if (flags.contains("loss")) options.loss = kLosses.at(flags["loss"]);
  options.standardize_targets = false;
  std::istringstream norms(flags.value("batch_norm", ""));
  for (std::string norm; std::getline(norms, norm, ',');) {
    options.batch_norms.push_back(norm == "on");
  }
  if (options.batch_norms.size() == 1) options.batch_norms.resize(2, options.batch_norms.front());
  if (flags.contains("weight_decay")) options.weight_decay = flags["weight_decay"].get<double>();
  return options;
}

Dataset DataOf(const test::GoldenFile& golden, Loss loss) {
  const auto classes = golden.Values<uint8_t>("y");
  const auto values = golden.Values<float>("x");
  Schema schema;
  schema.features = values.size() / classes.size();
  if (loss == Loss::kSquared || loss == Loss::kHuber) {
    return Dataset::FromMemory(std::span<const float>(values),
                               std::span<const float>(golden.Values<float>("t")), schema);
  }
  const bool two = loss == Loss::kBinaryCrossEntropy;
  std::vector<uint32_t> labels;
  for (const uint8_t k : classes) labels.push_back(two ? (k >= 2 ? 1 : 0) : k);
  for (int k = 0; k < (two ? 2 : 5); ++k) schema.classes.push_back(std::to_string(k));
  return Dataset::FromMemory(std::span<const float>(values), labels, schema);
}

Model StartOf(const test::GoldenFile& golden, const TrainOptions& options, const Dataset& data) {
  const size_t outputs = options.loss == Loss::kAuto ? data.classes() : 1;
  NetworkShape shape =
      NetworkShape::Mlp(data.features(), options.hidden, outputs, options.activation);
  if (outputs == 1) shape.output = data.regression() ? OutputKind::kLinear : OutputKind::kSigmoid;
  std::vector<LayerParameters> layers;
  for (size_t l = 0; l < shape.layers.size(); ++l) {
    const std::string prefix = fmt::format("start{}.{}", outputs, 2 * l);
    layers.push_back(
        {golden.Values<float>(prefix + ".weight"), golden.Values<float>(prefix + ".bias")});
    shape.layers[l].batch_norm = l < options.batch_norms.size() && options.batch_norms[l];
    if (!shape.layers[l].batch_norm) continue;
    layers[l].gamma.assign(shape.layers[l].outputs, 1);
    layers[l].running_mean.assign(shape.layers[l].outputs, 0);
    layers[l].running_variance.assign(shape.layers[l].outputs, 1);
  }
  const std::vector<float> ones(data.features(), 1.0f);
  const std::vector<float> zeros(data.features(), 0.0f);
  return Model(shape, layers, {"none", zeros, ones}, data.schema());
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

class ParityTest : public ::testing::TestWithParam<const char*> {};

TEST_P(ParityTest, ParametersAfterFiftySteps) {
  const test::GoldenFile golden("training.safetensors");
  TrainOptions options = OptionsOf(golden.meta(), GetParam());
  Dataset data = DataOf(golden, options.loss);
  if (golden.meta()["cases"].at(GetParam()).contains("weights")) {
    data.SetWeights(golden.Values<float>("weights"));
  }
  const Model start = StartOf(golden, options, data);
  options.start = &start;
  options.scale = "none";
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

INSTANTIATE_TEST_SUITE_P(Cases, ParityTest,
                         ::testing::Values("sgd", "momentum", "nesterov", "adam", "adamw",
                                           "rmsprop", "momentum_decay", "adam_decay",
                                           "rmsprop_decay", "clipped", "accumulated", "smoothed",
                                           "class_weights", "weights", "bce", "bce_weights",
                                           "squared", "huber", "leaky_relu", "elu", "gelu", "silu",
                                           "tanh", "sigmoid", "identity", "batch_norm",
                                           "batch_norm_adamw", "batch_norm_accumulated"),
                         [](const auto& run) { return std::string(run.param); });

}  // namespace
}  // namespace colonnade
