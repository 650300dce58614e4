// SPDX-License-Identifier: Apache-2.0
// Models in memory.
#include "colonnade/model.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "colonnade/error.h"
#include "engine/model/storage.h"
#include "engine/runtime/hash.h"
#include "tests/support/errors.h"
#include "tests/support/small_model.h"

namespace colonnade {
namespace {

using std::string_literals::operator""s;
using test::kLargest;
using test::SameBits;
using test::SmallModel;
using test::SmallParameters;
using test::SmallShape;

// ---- The class ----

TEST(ModelTest, KeepsWhatItIsMadeOf) {
  const Model model = SmallModel();
  EXPECT_EQ(model.shape(), SmallShape());
  for (size_t l = 0; l < 2; ++l) {
    EXPECT_TRUE(SameBits(model.parameters(l).weight, SmallParameters()[l].weight));
    EXPECT_TRUE(SameBits(model.parameters(l).bias, SmallParameters()[l].bias));
  }
  // In memory, column k of a weight matrix is what input k feeds.
  const kernels::ConstMatrix weight = model.storage().layers[0].weight.view();
  EXPECT_EQ(weight.Column(0)[0], 1);
  EXPECT_EQ(weight.Column(0)[1], 0.1f);
  EXPECT_EQ(weight.Column(1)[2], kLargest);
  EXPECT_EQ(weight.Column(1)[3], 0) << "padding";
}

TEST(ModelTest, HashesTheBytesOfTheParametersInTheOrderOfTheFile) {
  Hash128 hash;
  for (const LayerParameters& layer : SmallParameters()) {
    for (const float value : layer.weight) hash.Add(&value, sizeof(value));
    for (const float value : layer.bias) hash.Add(&value, sizeof(value));
  }
  EXPECT_EQ(SmallModel().ParametersHash(), hash.Hex());
}

TEST(ModelTest, CopiesShareParametersButNotProvenance) {
  Model model = SmallModel();
  const Model copy = model;
  const Schema& schema = model.schema();
  model = model.WithProvenance("seed", "18").WithProvenance("new", "null");
  EXPECT_EQ(&copy.storage(), &model.storage());
  EXPECT_EQ(&schema, &model.schema()) << "a reference became invalid";
  EXPECT_EQ(copy.provenance().at("seed"), "17");
  EXPECT_EQ(copy.provenance().size(), 2u);
  EXPECT_EQ(model.provenance().at("seed"), "18");
  EXPECT_EQ(model.provenance().size(), 3u);
}

TEST(ModelTest, ProvenanceMustBeJson) {
  const Model model = SmallModel();
  for (const std::string& value :
       {""s, "abc"s, "{\"a\":}"s, "\"\xff\""s, "1 2"s, "1\0"s, std::string(100'000, '[')}) {
    test::ExpectError(ErrorCode::kInvalidArgument, "provenance \"key\": found no valid JSON",
                      [&] { static_cast<void>(model.WithProvenance("key", value)); });
  }
  EXPECT_THROW(static_cast<void>(model.WithProvenance("\xff", "1")), Error);
  EXPECT_FALSE(model.provenance().contains("key"));
}

TEST(ModelTest, ChecksWhatItIsMadeOf) {
  struct Ingredients {
    NetworkShape shape = SmallShape();
    std::vector<LayerParameters> parameters = SmallParameters();
    Scaling scaling = SmallModel().scaling();
    Schema schema = SmallModel().schema();
  };
  const struct {
    std::function<void(Ingredients&)> spoil;
    std::string problem;
  } cases[] = {
      {[](auto& i) { i.shape.layers.clear(); }, "layers: found 0, expected at least 1"},
      {[](auto& i) { i.shape.layers[1].outputs = 0; },
       "layers[1].outputs: found 0, expected 1 to 1048576"},
      {[](auto& i) { i.shape.layers[1].inputs = 4; },
       "layers[1].inputs: found 4, expected 3, the outputs of layers[0]"},
      {[](auto& i) { i.parameters.pop_back(); }, "parameters: found 1 layers, expected 2"},
      {[](auto& i) { i.parameters[1].weight.pop_back(); },
       "parameters[1].weight: found 5, expected 6"},
      {[](auto& i) { i.parameters[0].bias.push_back(0); },
       "parameters[0].bias: found 4, expected 3"},
      {[](auto& i) { i.parameters[0].weight[3] = NAN; },
       "parameters[0].weight[3]: found nan, expected a finite number"},
      {[](auto& i) { i.scaling.offset.clear(); }, "scaling.offset: found 0, expected 2"},
      {[](auto& i) { i.scaling.scale[1] = -INFINITY; },
       "scaling.scale[1]: found -inf, expected a finite number"},
      {[](auto& i) { i.schema.features = 3; }, "schema.features: found 3, expected 2"},
      {[](auto& i) { i.schema.feature_names.pop_back(); },
       "schema.feature_names: found 1, expected 2"},
      {[](auto& i) { i.schema.label_index = 3; }, "schema.label_index: found 3, expected 0 to 2"},
      {[](auto& i) { i.schema.classes.emplace_back(); }, "schema.classes: found 3, expected 2"},
  };
  for (const auto& [spoil, problem] : cases) {
    Ingredients i;
    spoil(i);
    test::ExpectError(ErrorCode::kInvalidArgument, "model: " + problem,
                      [&] { Model(i.shape, i.parameters, i.scaling, i.schema); });
  }
}

}  // namespace
}  // namespace colonnade
