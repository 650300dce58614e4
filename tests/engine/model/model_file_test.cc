// Models in memory and as files.
#include "engine/model/model_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "colonnade/error.h"
#include "colonnade/model.h"
#include "engine/model/storage.h"
#include "engine/runtime/hash.h"
#include "engine/runtime/safetensors.h"
#include "tests/support/errors.h"
#include "tests/support/random.h"
#include "tests/support/temp_dir.h"

namespace colonnade {
namespace {

using safetensors::Metadata;
using safetensors::TensorInfo;
using std::string_literals::operator""s;
using test::Random;
using test::ReadFile;
using test::TempDir;

constexpr float kDenormal = 1e-45f;
constexpr float kLargest = std::numeric_limits<float>::max();

const std::vector<LayerParameters>& SmallParameters() {
  static const std::vector<LayerParameters> parameters = {
      {.weight = {1, -2, 0.1f, -0.0f, kDenormal, kLargest}, .bias = {0.5f, -kDenormal, 3}},
      {.weight = {-1, 2, -3, 4, -5, 6}, .bias = {-kLargest, 1e-30f}}};
  return parameters;
}

NetworkShape SmallShape() {
  const std::vector<size_t> hidden = {3};
  return NetworkShape::Mlp(2, hidden, 2);
}

// 2-3-2, with every kind of value that a file might not bring back.
Model SmallModel() {
  Model model(
      SmallShape(), SmallParameters(),
      {.method = "standard", .offset = {-0.0f, 1 / 3.f}, .scale = {kDenormal, kLargest}},
      {.features = 2,
       .feature_names = {"\"quoted\" \\ \n\t\x01", "gr\xc3\xb6\xc3\x9f\x65 \xf0\x9f\x8f\x9b"},
       .label_name = "Latin-1 \xe4 and a \0 byte"s,
       .label_index = 2,
       .classes = {"", "0\xff"}});
  model.SetProvenance("seed", "17");
  model.SetProvenance("command \"line\"", R"(["colonnade","train"])");
  return model;
}

bool SameBits(const std::vector<float>& a, const std::vector<float>& b) {
  return std::ranges::equal(
      a, b, {}, [](float x) { return std::bit_cast<uint32_t>(x); },
      [](float x) { return std::bit_cast<uint32_t>(x); });
}

bool SameModel(const Model& a, const Model& b) {
  if (a.shape() != b.shape() || a.provenance() != b.provenance()) return false;
  for (size_t l = 0; l < a.shape().layers.size(); ++l) {
    if (!SameBits(a.parameters(l).weight, b.parameters(l).weight)) return false;
    if (!SameBits(a.parameters(l).bias, b.parameters(l).bias)) return false;
  }
  const Schema& s = a.schema();
  const Schema& t = b.schema();
  return a.scaling().method == b.scaling().method &&
         SameBits(a.scaling().offset, b.scaling().offset) &&
         SameBits(a.scaling().scale, b.scaling().scale) && s.features == t.features &&
         s.feature_names == t.feature_names && s.label_name == t.label_name &&
         s.label_index == t.label_index && s.classes == t.classes;
}

// What is wrong with a file of these bytes; empty if nothing is.
std::string LoadProblem(const std::string& bytes) {
  try {
    ParseModel(bytes, "f");
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadModel) << error.what();
    const std::string text = error.what();
    EXPECT_TRUE(text.starts_with("f: ")) << text;
    EXPECT_EQ(text.find('\n'), std::string::npos) << text;
    return text.substr(std::min<size_t>(3, text.size()));
  }
  return "";
}

// A model file taken apart, to be put together otherwise.
struct Parts {
  Metadata metadata;
  std::vector<TensorInfo> tensors;
  std::vector<std::string> data;

  explicit Parts(const std::string& file) {
    safetensors::Contents contents = safetensors::Parse(file, "");
    metadata = std::move(contents.metadata);
    for (const safetensors::Tensor& tensor : contents.tensors) {
      tensors.push_back(tensor);
      data.emplace_back(tensor.bytes);
    }
  }

  // Makes the checksum of the metadata fit, as somebody would who knows how.
  void Sign() {
    Hash128 hash;
    for (const auto& [key, value] : metadata) {
      if (!key.starts_with("colonnade.") || key == "colonnade.metadata_hash") continue;
      hash.Add((key + '\0').data(), key.size() + 1);
      hash.Add((value + '\0').data(), value.size() + 1);
    }
    metadata["colonnade.metadata_hash"] = hash.Hex();
  }

  std::string File() const {
    std::string file = safetensors::Header(tensors, metadata, "");
    for (const std::string& bytes : data) file += bytes;
    return file;
  }
};

const std::string& SmallFile() {
  static const std::string file = [] {
    const TempDir dir;
    SmallModel().Save(dir / "model");
    return ReadFile(dir / "model");
  }();
  return file;
}

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
  model.SetProvenance("seed", "18");
  model.SetProvenance("new", "null");
  EXPECT_EQ(&copy.storage(), &model.storage());
  EXPECT_EQ(&schema, &model.schema()) << "a reference became invalid";
  EXPECT_EQ(copy.provenance().at("seed"), "17");
  EXPECT_EQ(copy.provenance().size(), 2u);
  EXPECT_EQ(model.provenance().at("seed"), "18");
}

TEST(ModelTest, ProvenanceMustBeJson) {
  Model model = SmallModel();
  for (const std::string& value :
       {""s, "abc"s, "{\"a\":}"s, "\"\xff\""s, "1 2"s, "1\0"s, std::string(100'000, '[')}) {
    test::ExpectError(ErrorCode::kInvalidArgument, "provenance \"key\": found no valid JSON",
                      [&] { model.SetProvenance("key", value); });
  }
  EXPECT_THROW(model.SetProvenance("\xff", "1"), Error);
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

// ---- The file ----

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
                      {.method = "x",
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
                    {.method = "unit", .offset = {0, 0}, .scale = {1 / 255.f, 1 / 255.f}},
                    {.features = 2,
                     .feature_names = {"a", "b"},
                     .label_name = "label",
                     .label_index = 0,
                     .classes = {"0", "\xff"}});
  model.Save(dir / "model");
  const Parts parts(ReadFile(dir / "model"));
  EXPECT_EQ(parts.metadata.at("colonnade.format_version"), "1");
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
  EXPECT_TRUE(SameModel(ParseModel(parts.File(), "f"), SmallModel()));
}

TEST(ModelFileTest, RefusesWhatIsNoModel) {
  EXPECT_EQ(LoadProblem(""), "not a safetensors file: found 0 bytes, expected at least 8");
  EXPECT_EQ(LoadProblem("label,1x1,1x2\n5,0,0\n"),
            "not a safetensors file: found \"label,1x\" at its start, expected the length of a "
            "header, at most 100000000");
  Parts parts(SmallFile());
  parts.metadata = {{"format", "pt"}};
  EXPECT_EQ(LoadProblem(parts.File()), "not a colonnade model (no colonnade metadata)");
  parts.metadata = {{"zzz", ""}};
  EXPECT_EQ(LoadProblem(parts.File()), "not a colonnade model (no colonnade metadata)");
}

// Replaces the first occurrence, which must exist.
void Replace(std::string& text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  ASSERT_NE(at, std::string::npos) << from;
  text.replace(at, from.size(), to);
}

TEST(ModelFileTest, RefusesDamage) {
  const std::string damaged = "do not match their checksum: the file was altered or damaged";
  const struct {
    std::function<void(Parts&)> damage;
    std::string problem;
  } cases[] = {
      {[](Parts& p) { p.metadata["colonnade.format_version"] = "2"; },
       "model format 2, this version reads 1"},
      {[](Parts& p) { p.metadata["colonnade.format_version"] = "\x1b[0m"; },
       "model format \"\\u001b[0m\", this version reads 1"},
      {[](Parts& p) { p.metadata.erase("colonnade.format_version"); },
       "metadata: found no colonnade.format_version"},
      {[](Parts& p) { p.metadata.erase("colonnade.metadata_hash"); },
       "metadata: found no colonnade.metadata_hash"},
      {[](Parts& p) { Replace(p.metadata["colonnade.scaling"], "standard", "minmax"); },
       "the metadata " + damaged},
      {[](Parts& p) { p.metadata["colonnade.provenance.seed"] = "18"; }, "the metadata " + damaged},
      {[](Parts& p) { p.metadata.erase("colonnade.provenance.seed"); }, "the metadata " + damaged},
      {[](Parts& p) { p.data[0][0] ^= 1; }, "the parameters " + damaged},
      {[](Parts& p) { p.data[0][4] ^= 1; }, "the parameters " + damaged},
      {[](Parts& p) { std::swap(p.data[0], p.data[2]); }, "the parameters " + damaged},
      {[](Parts& p) { p.data[3].replace(0, 4, "\0\0\xc0\x7f", 4); }, "the parameters " + damaged},
      {[](Parts& p) { p.tensors[1].name = "1.bias"; }, "found no tensor \"0.bias\""},
      {[](Parts& p) { p.tensors.pop_back(), p.data.pop_back(); }, "found no tensor \"2.bias\""},
      {[](Parts& p) {
         p.tensors.push_back({"4.weight", "U8", {1}});
         p.data.emplace_back("x");
       },
       "found the unexpected tensor \"4.weight\""},
      {[](Parts& p) { p.tensors[0].shape = {2, 3}; },
       "tensor \"0.weight\": found shape [2, 3], expected [3, 2]"},
      {[](Parts& p) { p.tensors[1].shape = {}, p.data[1].resize(4); },
       "tensor \"0.bias\": found shape [], expected [3]"},
      {[](Parts& p) { p.tensors[0].dtype = "I32"; },
       "tensor \"0.weight\": found dtype I32, expected F32"},
  };
  for (const auto& [damage, problem] : cases) {
    Parts parts(SmallFile());
    damage(parts);
    EXPECT_EQ(LoadProblem(parts.File()), problem);
  }
}

// Descriptions that nobody writes by accident: their checksum is right.
TEST(ModelFileTest, RefusesNonsense) {
  const struct {
    std::string entry;
    std::string from;
    std::string to;
    std::string problem;
  } cases[] = {
      {"network", "{", "", "colonnade.network: found no valid JSON"},
      {"network", "{", std::string(50'000, '['), "colonnade.network: found no valid JSON"},
      {"network", "}]}", "}]}" + std::string(1, '\0'), "colonnade.network: found no valid JSON"},
      {"network", "{\"layers\":", "", "colonnade.network: found no valid JSON"},
      {"network", "layers", "lagers", "colonnade.network: found no layers"},
      {"network", "[{", "{\"a\":[{", "colonnade.network: found no valid JSON"},
      {"network", "\"relu\"", "\"mish\"",
       "colonnade.network.layers[0].activation: found \"mish\", expected the name of an "
       "activation"},
      {"network", "\"relu\"", "[]",
       "colonnade.network.layers[0].activation: found an array, expected a string"},
      {"network", "\"inputs\":3", "\"inputs\":-3",
       "colonnade.network.layers[1].inputs: found -3, expected an integer from 0 to 1048576"},
      {"network", "\"inputs\":3", "\"inputs\":3.5",
       "colonnade.network.layers[1].inputs: found 3.5, expected an integer from 0 to 1048576"},
      {"network", "\"inputs\":3", "\"inputs\":4",
       "layers[1].inputs: found 4, expected 3, the outputs of layers[0]"},
      {"network", "\"inputs\":2", "\"inputs\":0",
       "layers[0].inputs: found 0, expected 1 to 1048576"},
      {"network", "\"inputs\":2", "\"inputs\":1048576",
       "scaling.offset: found 2, expected 1048576"},
      {"network", "\"inputs\":2", "\"inputs\":18446744073709551615",
       "colonnade.network.layers[0].inputs: found 18446744073709551615, expected an integer from 0 "
       "to 1048576"},
      {"scaling", "-0.0", "null", "colonnade.scaling.offset[0]: found null, expected a number"},
      {"scaling", "-0.0", "1e39", "colonnade.scaling: found no valid JSON"},
      {"scaling", "-0.0,", "", "scaling.offset: found 1, expected 2"},
      {"scaling", "\"standard\"", "{}",
       "colonnade.scaling.method: found an object, expected a string"},
      {"schema", "\"features\":2", "\"features\":3", "schema.features: found 3, expected 2"},
      {"schema", "\"features\":2", "\"features\":true",
       "colonnade.schema.features: found true, expected an integer from 0 to 1048576"},
      {"schema", "\"label_index\":2", "\"label_index\":3",
       "schema.label_index: found 3, expected 0 to 2"},
      {"schema", "\"classes\":[", "\"classes\":[\"x\",", "schema.classes: found 3, expected 2"},
      {"schema", "[48,255]", "[48,256]",
       "colonnade.schema.classes[1][1]: found 256, expected an integer from 0 to 255"},
      {"schema", "[\"\",[48,255]]", "{}",
       "colonnade.schema.classes: found an object, expected an array"},
      {"provenance.seed", "17", "017", "provenance \"seed\": found no valid JSON"},
      {"parameters_hash", "", "0",
       "the parameters do not match their checksum: the file was altered or damaged"},
  };
  for (const auto& [entry, from, to, problem] : cases) {
    Parts parts(SmallFile());
    Replace(parts.metadata.at("colonnade." + entry), from, to);
    parts.Sign();
    EXPECT_EQ(LoadProblem(parts.File()), problem) << entry << ' ' << to;
  }
  for (const std::string entry : {"network", "scaling", "schema", "parameters_hash"}) {
    Parts parts(SmallFile());
    parts.metadata.erase("colonnade." + entry);
    parts.Sign();
    EXPECT_EQ(LoadProblem(parts.File()), "metadata: found no colonnade." + entry);
  }
}

// A file whose checksums are right may still hold what no training leaves.
TEST(ModelFileTest, RefusesParametersThatAreNotFinite) {
  Parts parts(SmallFile());
  parts.data[3].replace(4, 4, "\0\0\x80\x7f", 4);
  Hash128 hash;
  for (const std::string& bytes : parts.data) hash.Add(bytes.data(), bytes.size());
  parts.metadata["colonnade.parameters_hash"] = hash.Hex();
  parts.Sign();
  EXPECT_EQ(LoadProblem(parts.File()),
            "tensor \"2.bias\": found inf as element 1, expected a finite number");
}

TEST(ModelFileTest, RefusesEveryTruncation) {
  const std::string& file = SmallFile();
  for (size_t size = 0; size < file.size(); ++size) {
    EXPECT_NE(LoadProblem(file.substr(0, size)), "") << size;
  }
  EXPECT_EQ(LoadProblem(file + '\0'), "found 69 bytes of data, expected 68");
}

TEST(ModelFileTest, NoFlippedBitChangesAModel) {
  const Model model = SmallModel();
  const std::string& file = SmallFile();
  size_t accepted = 0;
  for (size_t bit = 0; bit < file.size() * 8; ++bit) {
    std::string flipped = file;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    if (!LoadProblem(flipped).empty()) continue;
    ++accepted;
    EXPECT_TRUE(SameModel(ParseModel(flipped, "f"), model)) << "bit " << bit;
  }
  // "format":"pt" means nothing here; a file whose other bits do not matter would be no test.
  EXPECT_LT(accepted, 8 * sizeof("format pt"));
}

// A random edit: bytes changed, inserted, removed, or moved from elsewhere.
void Mutate(std::string& text, Random& random) {
  static constexpr std::string_view kTelling = "{}[]\",:\\0123456789-.eE \0\x01\xff tnf";
  for (size_t edits = 1 + random.Below(3); edits > 0 && !text.empty(); --edits) {
    const size_t at = random.Below(text.size());
    const size_t length = std::min(1 + random.Below(8), text.size() - at);
    switch (random.Below(5)) {
      case 0:
        text[at] = kTelling[random.Below(kTelling.size())];
        break;
      case 1:
        text[at] = static_cast<char>(random.Next());
        break;
      case 2:
        text.insert(at, 1, kTelling[random.Below(kTelling.size())]);
        break;
      case 3:
        text.erase(at, length);
        break;
      default:
        text.insert(random.Below(text.size()), text.substr(at, length));
        break;
    }
  }
}

TEST(ModelFileTest, SurvivesMutatedHeaders) {
  constexpr size_t kPrefix = 8;
  const std::string& file = SmallFile();
  const Model model = SmallModel();
  uint64_t length;
  std::memcpy(&length, file.data(), kPrefix);
  for (uint64_t seed = 1; seed <= 3000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    std::string header = file.substr(kPrefix, length);
    Mutate(header, random);
    header.resize((header.size() + 7) / 8 * 8, ' ');
    const uint64_t new_length = header.size();
    std::string mutated(kPrefix, '\0');
    std::memcpy(mutated.data(), &new_length, kPrefix);
    mutated += header + file.substr(kPrefix + length);
    if (LoadProblem(mutated).empty()) {
      EXPECT_TRUE(SameModel(ParseModel(mutated, "f"), model)) << header;
    }
  }
}

TEST(ModelFileTest, SurvivesMutatedDescriptions) {
  const TempDir dir;
  const Parts original(SmallFile());
  const std::string entries[] = {"colonnade.network", "colonnade.scaling", "colonnade.schema",
                                 "colonnade.provenance.seed"};
  size_t accepted = 0;
  for (uint64_t seed = 1; seed <= 3000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    Parts parts = original;
    std::string& entry = parts.metadata[entries[seed % 4]];
    std::string text;
    do {
      text = entry;
      Mutate(text, random);
      try {  // what is not UTF-8 cannot get into a header
        safetensors::Header({}, {{"", text}}, "");
        break;
      } catch (const std::exception&) {
      }
    } while (true);
    entry = text;
    parts.Sign();
    if (!LoadProblem(parts.File()).empty()) continue;
    if (++accepted % 20 != 0) continue;  // files take their time
    // What is accepted must be whole.
    const Model model = ParseModel(parts.File(), "f");
    model.Save(dir / "model");
    EXPECT_TRUE(SameModel(Model::Load(dir / "model"), model));
  }
  EXPECT_GT(accepted, 100u);
}

TEST(ModelFileTest, SaysWhyAFileCannotBeRead) {
  const TempDir dir;
  for (const auto& file : {dir / "missing", dir.path()}) {
    try {
      Model::Load(file);
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
