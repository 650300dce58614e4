// SPDX-License-Identifier: Apache-2.0
// Models whose numbers are scaled by ranks, and their files.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "colonnade/error.h"
#include "colonnade/model.h"
#include "colonnade/train.h"
#include "tests/support/file_parts.h"
#include "tests/support/plain_options.h"
#include "tests/support/random.h"

// Designated initializers leave the other members at their defaults, which is the point of them.
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

namespace colonnade {
namespace {

Dataset Skewed() {
  test::Random random(1);
  std::vector<float> values;
  std::vector<uint32_t> labels;
  for (size_t e = 0; e < 1200; ++e) {
    const auto x = static_cast<float>(random.Below(1000));
    values.insert(values.end(), {x * x * x, 7, static_cast<float>(e % 5)});
    labels.push_back(x > 500 ? 1 : 0);
  }
  return Dataset::FromMemory(std::span<const float>(values), labels, {.features = 3});
}

Model Trained(const Dataset& data, int threads = 1) {
  TrainOptions options = test::PlainOptions();
  options.scale = Scale::kQuantile;
  options.hidden = {4};
  options.epochs = 2;
  options.threads = threads;
  return Train(data, options).model;
}

TEST(QuantileModelTest, BringsEverythingBack) {
  const Dataset data = Skewed();
  const Model model = Trained(data);
  EXPECT_EQ(model.ParametersHash(), Trained(data, 3).ParametersHash());
  EXPECT_EQ(model.scaling().quantiles[0].size(), 1000U);
  EXPECT_TRUE(model.scaling().quantiles[1].empty()) << "a constant";
  const Model again = Model::FromBytes(model.ToBytes());
  EXPECT_EQ(again.scaling(), model.scaling());
  EXPECT_EQ(again.ToBytes(), model.ToBytes());
  const std::vector<float> logits = model.Logits(data);
  EXPECT_EQ(again.Logits(data), logits);
  std::vector<float> examples(data.FloatsOf(0), data.FloatsOf(0) + 3);
  std::vector<float> one(model.shape().outputs());
  again.Logits(examples, one);
  EXPECT_EQ(one, std::vector<float>(logits.begin(), logits.begin() + 2)) << "from memory";
}

// Older programs refuse what they would take for something else; they read all other models.
TEST(QuantileModelTest, IsOfTheVersionThatBroughtIt) {
  const test::FileParts parts(Trained(Skewed()).ToBytes());
  EXPECT_EQ(parts.metadata.at("colonnade.format_version"), "5");
}

TEST(QuantileModelTest, RefusesNonsense) {
  const Scaling scaling = {.method = Scale::kQuantile,
                           .offset = {1, 0},
                           .scale = {1, 1},
                           .quantiles = {{0, 1, 1, 4}, {}}};
  const std::vector<size_t> hidden;
  const Model model(NetworkShape::Mlp(2, hidden, 2),
                    std::vector<LayerParameters>{{.weight = {1, 2, 3, 4}, .bias = {0, 0}}}, scaling,
                    {.features = 2, .classes = {"a", "b"}});
  std::string many = "[0.0";
  for (int i = 0; i < 1000; ++i) many += ",0.0";
  const struct {
    std::string from, to, problem;
  } cases[] = {
      {",[]]", "]", "colonnade.scaling.quantiles: found an array, expected a list of 2 lists"},
      {",[]]", ",{}]", "colonnade.scaling.quantiles[1]: found an object, expected an array"},
      {",[]]", ",[\"x\"]]", "colonnade.scaling.quantiles[1][0]: found \"x\", expected a number"},
      {",[]]", ",[1.0]]", "scaling.quantiles: found 1, expected 2"},
      {",[]]", "," + many + "]]", "scaling.quantiles: found 1001, expected 1000"},
      {"1.0,4.0]", "1.0,0.5]",
       "scaling.quantiles: found 0.5 after 1, expected none that descends or is too far"},
      {"1.0,4.0]", "1.0,2e38]",
       "scaling.quantiles: found 2e+38 after 1, expected none that descends or is too far"},
      {"\"quantile\"", "\"robust\"",
       "scaling.quantiles: found 2 lists with method robust, expected some with quantile, and "
       "none else"},
      {"\"quantiles\"", "\"quintiles\"",
       "scaling.quantiles: found 0 lists with method quantile, expected some with quantile, and "
       "none else"},
  };
  for (const auto& [from, to, problem] : cases) {
    test::FileParts parts(model.ToBytes());
    std::string& text = parts.metadata.at("colonnade.scaling");
    const size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << text;
    text.replace(at, from.size(), to);
    parts.Sign();
    try {
      static_cast<void>(Model::FromBytes(parts.File(), "f"));
      ADD_FAILURE() << to;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kBadModel);
      EXPECT_EQ(error.what(), "f: " + problem);
    }
  }
}

}  // namespace
}  // namespace colonnade
