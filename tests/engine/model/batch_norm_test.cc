// SPDX-License-Identifier: Apache-2.0
// Models with batch normalisation: what they predict, and their files.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "colonnade/error.h"
#include "colonnade/model.h"
#include "engine/runtime/hash.h"
#include "engine/runtime/safetensors.h"
#include "tests/support/errors.h"
#include "tests/support/random.h"
#include "tests/support/reference_network.h"
#include "tests/support/temp_dir.h"

namespace colonnade {
namespace {

using test::ReadFile;
using test::TempDir;

// 5-18-7-3, the first hidden layer normalised.
struct Ingredients {
  NetworkShape shape = NetworkShape::Mlp(5, std::vector<size_t>{18, 7}, 3, Activation::kTanh);
  std::vector<LayerParameters> parameters;
  Scaling scaling = {Scale::kStandard, std::vector<float>(5, 0.5f), std::vector<float>(5, 2.0f)};
  Schema schema;

  Ingredients() {
    shape.layers[0].batch_norm = true;
    schema.features = 5;
    schema.classes = {"a", "b", "c"};
    test::Random random(3);
    const auto values = [&](size_t size, float low) {
      std::vector<float> result(size);
      for (float& value : result) value = random.Uniform(low, 1);
      return result;
    };
    for (const Layer& layer : shape.layers) {
      parameters.push_back({values(layer.inputs * layer.outputs, -1), values(layer.outputs, -1)});
    }
    parameters[0].gamma = values(18, 0.5f);
    parameters[0].running_mean = values(18, -1);
    parameters[0].running_variance = values(18, 0);
    parameters[0].running_variance[4] = 0;  // of a unit that never changed
  }

  Model Make() const { return Model(shape, parameters, scaling, schema); }
};

std::vector<float> SomeExamples(size_t count) {
  test::Random random(4);
  std::vector<float> examples(count * 5);
  for (float& value : examples) value = random.Uniform(-1, 1);
  return examples;
}

std::vector<float> LogitsOf(const Model& model, const std::vector<float>& examples) {
  std::vector<float> logits(examples.size() / 5 * 3);
  model.Logits(examples, logits);
  return logits;
}

TEST(BatchNormModel, PredictsByTheRunningStatistics) {
  const Model model = Ingredients().Make();
  const test::ReferenceNetwork reference(model);
  const std::vector<float> examples = SomeExamples(20);
  const std::vector<float> logits = LogitsOf(model, examples);
  for (size_t e = 0; e < 20; ++e) {
    std::vector<double> x(5);
    for (size_t i = 0; i < 5; ++i) x[i] = 2 * (static_cast<double>(examples[e * 5 + i]) - 0.5);
    const std::vector<double> expected = reference.Logits(x);
    for (size_t k = 0; k < 3; ++k) {
      EXPECT_NEAR(static_cast<double>(logits[e * 3 + k]), expected[k], 2e-5);
    }
  }
}

TEST(BatchNormModel, ChecksWhatItIsMadeOf) {
  const struct {
    std::function<void(Ingredients&)> spoil;
    std::string problem;
  } cases[] = {
      {[](auto& i) { i.shape.layers[2].batch_norm = true; },
       "layers[2].batch_norm: found true, expected false in the last layer"},
      {[](auto& i) { i.shape.layers[0].batch_norm = false; },
       "parameters[0].gamma: found 18, expected 0"},
      {[](auto& i) { i.shape.layers[1].batch_norm = true; },
       "parameters[1].gamma: found 0, expected 7"},
      {[](auto& i) { i.parameters[0].running_mean.pop_back(); },
       "parameters[0].running_mean: found 17, expected 18"},
      {[](auto& i) { i.parameters[0].running_variance[2] = INFINITY; },
       "parameters[0].running_variance[2]: found inf, expected a finite number"},
      {[](auto& i) { i.parameters[0].running_variance[2] = -0.5f; },
       "parameters[0].running_variance: found -0.5, expected at least 0"},
  };
  for (const auto& [spoil, problem] : cases) {
    Ingredients ingredients;
    spoil(ingredients);
    test::ExpectError(ErrorCode::kInvalidArgument, "model: " + problem,
                      [&] { ingredients.Make(); });
  }
}

TEST(BatchNormModel, FileBringsEverythingBack) {
  const TempDir dir;
  const Model model = Ingredients().Make();
  model.Save(dir / "model");
  const Model loaded = Model::Load(dir / "model");
  EXPECT_EQ(loaded.shape(), model.shape());
  EXPECT_EQ(loaded.ParametersHash(), model.ParametersHash());
  for (size_t l = 0; l < 3; ++l) {
    EXPECT_EQ(loaded.parameters(l).weight, model.parameters(l).weight);
    EXPECT_EQ(loaded.parameters(l).bias, model.parameters(l).bias);
    EXPECT_EQ(loaded.parameters(l).gamma, model.parameters(l).gamma);
    EXPECT_EQ(loaded.parameters(l).running_mean, model.parameters(l).running_mean);
    EXPECT_EQ(loaded.parameters(l).running_variance, model.parameters(l).running_variance);
  }
  const std::vector<float> examples = SomeExamples(9);
  EXPECT_EQ(LogitsOf(loaded, examples), LogitsOf(model, examples));
  loaded.Save(dir / "again");
  EXPECT_EQ(ReadFile(dir / "again"), ReadFile(dir / "model"));
}

TEST(BatchNormModel, FileIsThatOfASequential) {
  const TempDir dir;
  const Ingredients ingredients;
  ingredients.Make().Save(dir / "model");
  const std::string file = ReadFile(dir / "model");
  const safetensors::Contents contents = safetensors::Parse(file, "");
  std::string names;
  Hash128 hash;
  for (const safetensors::Tensor& tensor : contents.tensors) {
    names += tensor.name + " ";
    hash.Add(tensor.bytes.data(), tensor.bytes.size());
  }
  // Linear, BatchNorm1d, Tanh, Linear, Tanh, Linear
  EXPECT_EQ(names,
            "0.weight 1.weight 1.bias 1.running_mean 1.running_var 3.weight 3.bias 5.weight "
            "5.bias ");
  EXPECT_EQ(hash.Hex(), ingredients.Make().ParametersHash());
}

TEST(BatchNormModel, RefusesDamagedFiles) {
  const TempDir dir;
  Ingredients ingredients;
  ingredients.parameters[0].running_variance[0] = 0.75f;
  ingredients.Make().Save(dir / "model");
  std::string file = ReadFile(dir / "model");
  // One bit of the running variance: the sign.
  const safetensors::Contents contents = safetensors::Parse(file, "");
  for (const safetensors::Tensor& tensor : contents.tensors) {
    if (tensor.name != "1.running_var") continue;
    file[static_cast<size_t>(tensor.bytes.data() - file.data()) + 3] ^= static_cast<char>(0x80);
    break;
  }
  test::ExpectError(ErrorCode::kBadModel,
                    "f: the parameters do not match their checksum: the file was altered or "
                    "damaged",
                    [&] { static_cast<void>(Model::FromBytes(file, "f")); });
}

}  // namespace
}  // namespace colonnade
