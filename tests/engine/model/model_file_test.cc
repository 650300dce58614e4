// SPDX-License-Identifier: Apache-2.0
// Models as files, and as their bytes.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "colonnade/error.h"
#include "colonnade/model.h"
#include "tests/support/file_parts.h"
#include "tests/support/random.h"
#include "tests/support/small_model.h"
#include "tests/support/temp_dir.h"

namespace colonnade {
namespace {

using Parts = test::FileParts;
using test::Random;
using test::ReadFile;
using test::SameModel;
using test::SmallFile;
using test::SmallModel;
using test::SmallParameters;
using test::SmallShape;
using test::TempDir;

TEST(ModelFileTest, BringsEverythingBack) {
  const TempDir dir;
  const Model model = SmallModel();
  model.Save(dir / "model");
  const Model loaded = Model::Load(dir / "model");
  EXPECT_TRUE(SameModel(model, loaded));
  EXPECT_EQ(loaded.ParametersHash(), model.ParametersHash());

  loaded.Save(dir / "again");
  EXPECT_EQ(ReadFile(dir / "again"), ReadFile(dir / "model"));
  EXPECT_EQ(dir.List(), (std::vector<std::string>{"again", "model"}));

  EXPECT_EQ(model.ToBytes(), ReadFile(dir / "model"));
  EXPECT_TRUE(SameModel(model, Model::FromBytes(model.ToBytes())));
}

TEST(ModelFileTest, BringsRandomModelsBack) {
  const TempDir dir;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    std::vector<size_t> hidden(random.Below(4));
    for (size_t& width : hidden) width = 1 + random.Below(40);
    const NetworkShape shape =
        NetworkShape::Mlp(1 + random.Below(40), hidden, 1 + random.Below(20),
                          seed % 2 == 0 ? Activation::kRelu : Activation::kIdentity);
    // Any bits that are a finite number.
    const auto fill = [&](size_t size) {
      std::vector<float> values(size);
      for (float& value : values) {
        do {
          value = std::bit_cast<float>(static_cast<uint32_t>(random.Next()));
        } while (!std::isfinite(value));
      }
      return values;
    };
    std::vector<LayerParameters> parameters;
    for (const Layer& layer : shape.layers) {
      parameters.push_back({fill(layer.inputs * layer.outputs), fill(layer.outputs)});
    }
    const Model model(shape, parameters,
                      {.method = Scale::kStandard,
                       .offset = std::vector<float>(shape.inputs(), fill(1)[0]),
                       .scale = fill(shape.inputs())},
                      {.features = shape.inputs(),
                       .feature_names = {},
                       .label_name = "",
                       .label_index = 0,
                       .classes = std::vector<std::string>(shape.outputs(), "c")});
    model.Save(dir / "model");
    EXPECT_TRUE(SameModel(model, Model::Load(dir / "model")));
  }
}

TEST(ModelFileTest, IsWhatPyTorchExpects) {
  const Parts parts(SmallFile());
  ASSERT_EQ(parts.tensors.size(), 4u);
  const char* names[] = {"0.weight", "0.bias", "2.weight", "2.bias"};
  const std::vector<uint64_t> shapes[] = {{3, 2}, {3}, {2, 3}, {2}};
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(parts.tensors[i].name, names[i]);
    EXPECT_EQ(parts.tensors[i].dtype, "F32");
    EXPECT_EQ(parts.tensors[i].shape, shapes[i]);
    const LayerParameters& layer = SmallParameters()[i / 2];
    const std::vector<float>& values = i % 2 == 0 ? layer.weight : layer.bias;
    ASSERT_EQ(parts.data[i].size(), values.size() * sizeof(float));
    EXPECT_EQ(std::memcmp(parts.data[i].data(), values.data(), parts.data[i].size()), 0);
  }
  EXPECT_EQ(parts.metadata.at("format"), "pt");
}

TEST(ModelFileTest, DescribesTheModelAsJson) {
  const TempDir dir;
  const Model model(SmallShape(), SmallParameters(),
                    {.method = Scale::kUnit, .offset = {0, 0}, .scale = {1 / 255.f, 1 / 255.f}},
                    {.features = 2,
                     .feature_names = {"a", "b"},
                     .label_name = "label",
                     .label_index = 0,
                     .classes = {"0", "\xff"}});
  model.Save(dir / "model");
  const Parts parts(ReadFile(dir / "model"));
  EXPECT_EQ(parts.metadata.at("colonnade.format"), "model");
  EXPECT_EQ(parts.metadata.at("colonnade.format_version"), "2");
  EXPECT_EQ(parts.metadata.at("colonnade.network"),
            R"({"layers":[{"inputs":2,"outputs":3,"activation":"relu"},)"
            R"({"inputs":3,"outputs":2,"activation":"identity"}]})");
  EXPECT_EQ(parts.metadata.at("colonnade.scaling"),
            R"({"method":"unit","offset":0.0,"scale":0.003921569})");
  EXPECT_EQ(parts.metadata.at("colonnade.schema"),
            R"({"features":2,"feature_names":["a","b"],"label_name":"label","label_index":0,)"
            R"("classes":["0",[255]]})");
  EXPECT_EQ(parts.metadata.at("colonnade.parameters_hash"), model.ParametersHash());
  EXPECT_EQ(Parts(SmallFile()).metadata.at("colonnade.provenance.seed"), "17");
}

TEST(ModelFileTest, DoesNotCareWhereTheTensorsAre) {
  Parts parts(SmallFile());
  std::ranges::reverse(parts.tensors);
  std::ranges::reverse(parts.data);
  parts.metadata["somebody else's"] = "entry";
  EXPECT_TRUE(SameModel(Model::FromBytes(parts.File(), "f"), SmallModel()));
}

TEST(ModelFileTest, SaysWhyAFileCannotBeRead) {
  const TempDir dir;
  for (const auto& file : {dir / "missing", dir.path()}) {
    try {
      static_cast<void>(Model::Load(file));
      ADD_FAILURE() << "loaded " << file;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kIo);
      EXPECT_NE(std::string(error.what()).find(file.string()), std::string::npos) << error.what();
    }
  }
}

TEST(ModelFileTest, LeavesNothingBehindWhenItCannotBeWritten) {
  const TempDir dir;
  std::filesystem::create_directory(dir / "folder");
  for (const std::filesystem::path& file :
       {dir / "missing" / "model", dir / "folder", std::filesystem::path("/dev/full")}) {
    try {
      SmallModel().Save(file);
      ADD_FAILURE() << "saved " << file;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kIo);
      EXPECT_NE(std::string(error.what()).find(file.string()), std::string::npos) << error.what();
    }
  }
  EXPECT_EQ(dir.List(), std::vector<std::string>{"folder"});
  EXPECT_TRUE(std::filesystem::is_empty(dir / "folder"));
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/full"));
}

}  // namespace
}  // namespace colonnade
