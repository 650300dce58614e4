// SPDX-License-Identifier: Apache-2.0
// Training against an independent NumPy implementation of the same formulas in double precision:
// tools/classic_golden.py wrote starts, data and ends to tests/data.
#include "tests/support/golden.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "colonnade/train.h"

namespace colonnade {
namespace {

class Golden : public test::GoldenFile {
 public:
  using GoldenFile::GoldenFile;

  Dataset Data() const {
    const auto inputs = Values<uint8_t>("inputs");
    const auto labels = Values<uint8_t>("labels");
    const std::vector<size_t> widths = meta()["widths"];
    Schema schema;
    schema.features = widths.front();
    for (size_t k = 0; k < widths.back(); ++k) schema.classes.push_back(std::to_string(k));
    return Dataset::FromMemory(std::span<const uint8_t>(inputs),
                               std::vector<uint32_t>(labels.begin(), labels.end()), schema);
  }

  // The parameters "start" or "end".
  std::vector<LayerParameters> Parameters(const std::string& when) const {
    std::vector<LayerParameters> layers;
    for (size_t l = 0; l + 1 < meta()["widths"].size(); ++l) {
      const std::string prefix = when + "." + std::to_string(2 * l);
      layers.push_back({Values<float>(prefix + ".weight"), Values<float>(prefix + ".bias")});
    }
    return layers;
  }
};

double Largest(const std::vector<float>& values) {
  double largest = 0;
  for (const float v : values) largest = std::max(largest, std::abs(static_cast<double>(v)));
  return largest;
}

// Every element within 1e-5 of the tensor's largest, and the way from the start, which is what
// training did, within 1e-4 of the longest way.
void ExpectNear(const std::vector<float>& actual, const std::vector<float>& expected,
                const std::vector<float>& start) {
  ASSERT_EQ(actual.size(), expected.size());
  std::vector<float> way(expected.size());
  for (size_t i = 0; i < way.size(); ++i) way[i] = expected[i] - start[i];
  ASSERT_GT(Largest(way), 0) << "the golden training went nowhere";
  const double bound = std::min(1e-5 * Largest(expected), 1e-4 * Largest(way) + 1e-7);
  for (size_t i = 0; i < actual.size(); ++i) {
    ASSERT_NEAR(static_cast<double>(actual[i]), static_cast<double>(expected[i]), bound)
        << "element " << i;
  }
}

class GoldenTest : public ::testing::TestWithParam<const char*> {};

TEST_P(GoldenTest, ParametersAfterTenIterations) {
  const Golden golden(GetParam());
  const Dataset data = golden.Data();
  const std::vector<size_t> widths = golden.meta()["widths"];

  TrainOptions options = TrainOptions::Classic();
  options.hidden = std::vector<size_t>(widths.begin() + 1, widths.end() - 1);
  options.epochs = golden.meta()["iterations"];
  options.learning_rate = golden.meta()["learning_rate"];
  options.momentum = golden.meta()["momentum"];
  if (options.momentum > 0) options.optimizer = Optimizer::kMomentum;
  const std::vector<LayerParameters> start_parameters = golden.Parameters("start");
  const std::vector<float> ones(widths.front(), 1.0f);
  const std::vector<float> zeros(widths.front(), 0.0f);
  const Model start(NetworkShape::Mlp(widths.front(), *options.hidden, widths.back()),
                    start_parameters, {Scale::kNone, zeros, ones}, data.schema());
  options.start = start;
  options.scale = Scale::kUnit;  // not that of `start`
  const std::vector<double> losses = golden.meta()["losses"];
  const std::vector<double> accuracies = golden.meta()["accuracies"];
  options.on_progress = [&](const Progress& p) {
    EXPECT_NEAR(p.loss, losses[p.epoch - 1], 1e-5);
    EXPECT_NEAR(p.accuracy, accuracies[p.epoch - 1], 1e-12);
    return true;
  };

  const Model model = Train(data, options).model;
  const std::vector<LayerParameters> expected = golden.Parameters("end");
  for (size_t l = 0; l < expected.size(); ++l) {
    SCOPED_TRACE("layer " + std::to_string(l));
    const LayerParameters actual = model.parameters(l);
    ExpectNear(actual.weight, expected[l].weight, start_parameters[l].weight);
    ExpectNear(actual.bias, expected[l].bias, start_parameters[l].bias);
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, GoldenTest,
                         ::testing::Values("classic.safetensors", "momentum.safetensors"),
                         [](const auto& golden) {
                           const std::string name = golden.param;
                           return name.substr(0, name.find('.'));
                         });

}  // namespace
}  // namespace colonnade
