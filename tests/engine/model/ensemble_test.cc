// SPDX-License-Identifier: Apache-2.0
// Models of several networks: what they predict, and their files.
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "colonnade/error.h"
#include "colonnade/evaluate.h"
#include "colonnade/model.h"
#include "colonnade/predictor.h"
#include "tests/support/datasets.h"
#include "tests/support/errors.h"
#include "tests/support/file_parts.h"
#include "tests/support/random.h"

namespace colonnade {
namespace {

using Parts = test::FileParts;

constexpr size_t kFeatures = 5;

std::vector<float> RandomValues(size_t count, float scale, test::Random& random) {
  std::vector<float> values(count);
  for (float& value : values) value = random.Uniform(-scale, scale);
  return values;
}

NetworkShape ShapeOf(OutputKind output, bool batch_norm) {
  const size_t outputs = output == OutputKind::kSoftmax ? 3 : 1;
  NetworkShape shape =
      NetworkShape::Mlp(kFeatures, std::vector<size_t>{20, 7}, outputs, Activation::kTanh);
  shape.layers[0].batch_norm = batch_norm;
  shape.output = output;
  return shape;
}

Model RandomEnsemble(size_t members, OutputKind output, bool batch_norm = false) {
  test::Random random(1);
  const NetworkShape shape = ShapeOf(output, batch_norm);
  std::vector<LayerParameters> parameters;
  for (size_t m = 0; m < members; ++m) {
    for (const Layer& layer : shape.layers) {
      LayerParameters& to = parameters.emplace_back();
      to.weight = RandomValues(layer.inputs * layer.outputs, 2, random);
      to.bias = RandomValues(layer.outputs, 1, random);
      if (!layer.batch_norm) continue;
      to.gamma = RandomValues(layer.outputs, 1, random);
      to.running_mean = RandomValues(layer.outputs, 1, random);
      to.running_variance = std::vector<float>(layer.outputs, 0.5f);
    }
  }
  Schema schema;
  schema.features = kFeatures;
  if (output != OutputKind::kLinear) schema.classes = {"a", "b"};
  if (output == OutputKind::kSoftmax) schema.classes.emplace_back("c");
  return {
      shape,
      parameters,
      {Scale::kStandard, std::vector<float>(kFeatures, 0.5f), std::vector<float>(kFeatures, 3.0f)},
      schema,
      {.offset = 4,
       .scale = 1.5,
       .transform =
           output == OutputKind::kLinear ? TargetTransform::kLog1p : TargetTransform::kNone}};
}

Dataset DataFor(OutputKind output) {
  return output == OutputKind::kLinear ? test::RandomTargets(300, kFeatures, 2)
                                       : test::RandomDataset(300, kFeatures, 2, 2);
}

class EnsembleModelTest : public ::testing::TestWithParam<OutputKind> {};

TEST_P(EnsembleModelTest, PredictsTheMeanOfItsMembers) {
  for (const bool batch_norm : {false, true}) {
    const Model model = RandomEnsemble(3, GetParam(), batch_norm);
    ASSERT_EQ(model.members(), 3u);
    const Dataset data = DataFor(GetParam());
    if (model.regression()) {
      std::vector<double> mean(data.examples());
      std::vector<double> outputs(data.examples());
      for (size_t m = 0; m < 3; ++m) {
        const Model member = Model::FromBytes(model.Member(m).ToBytes());
        const std::vector<double> values = member.Values(data);
        const std::vector<float> logits = member.Logits(data);
        for (size_t e = 0; e < mean.size(); ++e) {
          mean[e] += values[e];
          outputs[e] += static_cast<double>(logits[e]);
        }
      }
      const std::vector<double> values = model.Values(data);
      const std::vector<float> logits = model.Logits(data);
      for (size_t e = 0; e < mean.size(); ++e) {
        EXPECT_EQ(values[e], mean[e] / 3);
        EXPECT_EQ(logits[e], static_cast<float>(outputs[e] / 3));
      }
      continue;
    }
    const size_t classes = model.schema().classes.size();
    std::vector<double> mean(data.examples() * classes);
    for (size_t m = 0; m < 3; ++m) {
      const std::vector<float> p = model.Member(m).Probabilities(data);
      for (size_t i = 0; i < mean.size(); ++i) mean[i] += static_cast<double>(p[i]) / 3;
    }
    const std::vector<float> actual = model.Probabilities(data);
    const std::vector<float> logits = model.Logits(data);
    const std::vector<uint32_t> found = model.Classes(data);
    double loss = 0;
    for (size_t e = 0; e < data.examples(); ++e) {
      const double* const expected = mean.data() + e * classes;
      for (size_t k = 0; k < classes; ++k) {
        EXPECT_NEAR(actual[e * classes + k], expected[k], 2e-7);
        if (GetParam() == OutputKind::kSoftmax) {
          EXPECT_NEAR(logits[e * classes + k], std::log(expected[k]), 1e-5);
        }
        EXPECT_LE(expected[k], expected[found[e]] + 2e-7);
      }
      if (GetParam() == OutputKind::kSigmoid) {
        EXPECT_NEAR(logits[e], std::log(expected[1] / expected[0]), 1e-4);
      }
      loss -= std::log(expected[data.labels()[e]]) / static_cast<double>(data.examples());
    }
    EXPECT_NEAR(Evaluate(model, data).loss, loss, 1e-5);
  }
}

// By blocks, by examples, by any number of threads.
TEST_P(EnsembleModelTest, HasTheSameBitsHoweverItIsAsked) {
  const Model model = RandomEnsemble(3, GetParam());
  const Dataset data = DataFor(GetParam());
  const std::vector<float> logits = model.Logits(data, 1);
  EXPECT_EQ(model.Logits(data, 3), logits);
  const size_t outputs = model.shape().outputs();
  const std::span<const float> raw(data.FloatsOf(0), data.examples() * data.stride());
  std::vector<float> examples;
  for (size_t e = 0; e < data.examples(); ++e) {
    examples.insert(examples.end(), data.FloatsOf(e), data.FloatsOf(e) + kFeatures);
  }
  std::vector<float> actual(logits.size());
  model.Logits(examples, actual);
  EXPECT_EQ(actual, logits);
  Predictor predictor(model, 7);
  predictor.Logits(examples, actual);
  EXPECT_EQ(actual, logits);
  std::vector<float> one(outputs);
  for (size_t e = 0; e < 10; ++e) {
    model.Logits({examples.data() + e * kFeatures, kFeatures}, one);
    EXPECT_TRUE(
        std::equal(one.begin(), one.end(), logits.begin() + static_cast<long>(e * outputs)));
  }
}

TEST_P(EnsembleModelTest, ComesBackFromAFile) {
  for (const bool batch_norm : {false, true}) {
    const Model model = RandomEnsemble(2, GetParam(), batch_norm);
    const Model loaded = Model::FromBytes(model.ToBytes());
    EXPECT_EQ(loaded.members(), 2u);
    EXPECT_EQ(loaded.ParametersHash(), model.ParametersHash());
    EXPECT_EQ(loaded.Logits(DataFor(GetParam())), model.Logits(DataFor(GetParam())));
    EXPECT_EQ(loaded.ToBytes(), model.ToBytes());
    const Parts parts(model.ToBytes());
    EXPECT_EQ(parts.metadata.at("colonnade.format_version"), "4");
    EXPECT_EQ(parts.tensors[0].name, "0.0.weight");
    EXPECT_EQ(parts.tensors.back().name, batch_norm ? "1.5.bias" : "1.4.bias");
  }
}

INSTANTIATE_TEST_SUITE_P(Outputs, EnsembleModelTest,
                         ::testing::Values(OutputKind::kSoftmax, OutputKind::kSigmoid,
                                           OutputKind::kLinear),
                         [](const auto& param) { return std::string(Name(param.param)); });

TEST(EnsembleFileTest, AnUnlikelyClassKeepsAFiniteLoss) {
  NetworkShape shape = NetworkShape::Mlp(1, {}, 2);
  const LayerParameters layer = {.weight = {0, 0}, .bias = {1e4f, -1e4f}};
  Schema schema = test::SchemaOf(1, 2);
  const Model model(shape, std::vector<LayerParameters>{layer, layer},
                    {Scale::kNone, {0.0f}, {1.0f}}, schema);
  std::vector<float> logits(2);
  model.Logits(std::vector<float>{1}, logits);
  EXPECT_EQ(logits[0], 0);
  EXPECT_NEAR(logits[1], -87.3, 0.1);
}

TEST(EnsembleFileTest, BadFilesAreRefused) {
  const Model model = RandomEnsemble(2, OutputKind::kSoftmax);
  const auto expect = [&](const std::string& problem, const auto& change) {
    Parts parts(model.ToBytes());
    change(parts);
    parts.Sign();
    test::ExpectError(ErrorCode::kBadModel, "f: " + problem,
                      [&] { static_cast<void>(Model::FromBytes(parts.File(), "f")); });
  };
  const auto members = [](const std::string& count) {
    return [count](Parts& parts) {
      std::string& network = parts.metadata["colonnade.network"];
      const std::string found = "\"members\":2";
      network.replace(network.find(found), found.size(), "\"members\":" + count);
    };
  };
  for (const char* count : {"0", "1"}) {
    expect(std::string("colonnade.network.members: found ") + count +
               ", expected an integer from 2 to 1000",
           members(count));
  }
  expect("colonnade.network.members: found 1001, expected an integer from 0 to 1000",
         members("1001"));
  expect("found no tensor \"2.0.weight\"", members("3"));
  expect("colonnade.network.members: found \"2\", expected an integer from 0 to 1000",
         members("\"2\""));
  expect("found no tensor \"1.4.bias\"", [](Parts& parts) {
    parts.tensors.pop_back();
    parts.data.pop_back();
  });
  expect("found the unexpected tensor \"2.0.weight\"", [](Parts& parts) {
    parts.tensors.push_back({"2.0.weight", "F32", {1}});
    parts.data.emplace_back(4, '\0');
  });
  expect("the parameters do not match their checksum: the file was altered or damaged",
         [](Parts& parts) { parts.data.back()[0] ^= 1; });
}

TEST(EnsembleFileTest, ItsPartsMakeUpWholeNetworks) {
  const NetworkShape shape = NetworkShape::Mlp(1, std::vector<size_t>{1}, 2);
  const LayerParameters first = {.weight = {1}, .bias = {1}};
  const LayerParameters second = {.weight = {1, 2}, .bias = {1, 2}};
  test::ExpectError(ErrorCode::kInvalidArgument, "model: parameters: found 3 layers, expected 2",
                    [&] {
                      Model(shape, std::vector<LayerParameters>{first, second, first},
                            {Scale::kNone, {0.0f}, {1.0f}}, test::SchemaOf(1, 2));
                    });
}

}  // namespace
}  // namespace colonnade
