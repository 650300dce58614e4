// SPDX-License-Identifier: Apache-2.0
// Model files that are damaged, foreign or nonsense.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "colonnade/error.h"
#include "colonnade/model.h"
#include "engine/runtime/hash.h"
#include "engine/runtime/safetensors.h"
#include "tests/support/file_parts.h"
#include "tests/support/random.h"
#include "tests/support/small_model.h"

namespace colonnade {
namespace {

using Parts = test::FileParts;
using test::Random;
using test::SameModel;
using test::SmallFile;
using test::SmallModel;

// What is wrong with a file of these bytes; empty if nothing is.
std::string LoadProblem(const std::string& bytes) {
  try {
    static_cast<void>(Model::FromBytes(bytes, "f"));
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadModel) << error.what();
    const std::string text = error.what();
    EXPECT_TRUE(text.starts_with("f: ")) << text;
    EXPECT_EQ(text.find('\n'), std::string::npos) << text;
    return text.substr(std::min<size_t>(3, text.size()));
  }
  return "";
}

TEST(ModelDamageTest, RefusesWhatIsNoModel) {
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

TEST(ModelDamageTest, RefusesDamage) {
  const std::string damaged = "do not match their checksum: the file was altered or damaged";
  const struct {
    std::function<void(Parts&)> damage;
    std::string problem;
  } cases[] = {
      {[](Parts& p) { p.metadata["colonnade.format_version"] = "6"; },
       "model format 6, this version reads 1 to 5"},
      {[](Parts& p) { p.metadata["colonnade.format_version"] = "\x1b[0m"; },
       "model format \"\\u001b[0m\", this version reads 1 to 5"},
      {[](Parts& p) { p.metadata.erase("colonnade.format_version"); },
       "metadata: found no colonnade.format_version"},
      {[](Parts& p) { p.metadata.erase("colonnade.checksum"); },
       "metadata: found no colonnade.checksum"},
      {[](Parts& p) { Replace(p.metadata["colonnade.scaling"], "standard", "minmax"); },
       "the metadata " + damaged},
      {[](Parts& p) { p.metadata["colonnade.provenance.seed"] = "18"; }, "the metadata " + damaged},
      {[](Parts& p) { p.metadata.erase("colonnade.provenance.seed"); }, "the metadata " + damaged},
      {[](Parts& p) { p.data[0][0] ^= 1; }, "the parameters " + damaged},
      {[](Parts& p) { p.data[0][4] ^= 1; }, "the parameters " + damaged},
      {[](Parts& p) { std::swap(p.data[0], p.data[2]); }, "the parameters " + damaged},
      {[](Parts& p) { p.data[3].replace(0, 4, "\0\0\xc0\x7f", 4); }, "the parameters " + damaged},
      {[](Parts& p) { p.tensors[1].name = "1.bias"; }, "the metadata " + damaged},
      {[](Parts& p) { p.tensors[0].shape = {2, 3}; }, "the metadata " + damaged},
  };
  for (const auto& [damage, problem] : cases) {
    Parts parts(SmallFile());
    damage(parts);
    EXPECT_EQ(LoadProblem(parts.File()), problem);
  }
}

// Tensors of another network, in a file whose checksum is right.
TEST(ModelDamageTest, RefusesOtherTensors) {
  const struct {
    std::function<void(Parts&)> change;
    std::string problem;
  } cases[] = {
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
  for (const auto& [change, problem] : cases) {
    Parts parts(SmallFile());
    change(parts);
    parts.Sign();
    EXPECT_EQ(LoadProblem(parts.File()), problem);
  }
}

// Descriptions that nobody writes by accident: their checksum is right.
TEST(ModelDamageTest, RefusesNonsense) {
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
      {"network", "\"relu\"", "\"swish\"",
       "colonnade.network.layers[0].activation: found \"swish\", expected the name of an "
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
TEST(ModelDamageTest, RefusesParametersThatAreNotFinite) {
  Parts parts(SmallFile());
  parts.data[3].replace(4, 4, "\0\0\x80\x7f", 4);
  Hash128 hash;
  for (const std::string& bytes : parts.data) hash.Add(bytes.data(), bytes.size());
  parts.metadata["colonnade.parameters_hash"] = hash.Hex();
  parts.Sign();
  EXPECT_EQ(LoadProblem(parts.File()),
            "tensor \"2.bias\": found inf as element 1, expected a finite number");
}

TEST(ModelDamageTest, RefusesEveryTruncation) {
  const std::string& file = SmallFile();
  for (size_t size = 0; size < file.size(); ++size) {
    EXPECT_NE(LoadProblem(file.substr(0, size)), "") << size;
  }
  EXPECT_EQ(LoadProblem(file + '\0'), "found 69 bytes of data, expected 68");
}

TEST(ModelDamageTest, NoFlippedBitChangesAModel) {
  const Model model = SmallModel();
  const std::string& file = SmallFile();
  size_t accepted = 0;
  for (size_t bit = 0; bit < file.size() * 8; ++bit) {
    std::string flipped = file;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    if (!LoadProblem(flipped).empty()) continue;
    ++accepted;
    EXPECT_TRUE(SameModel(Model::FromBytes(flipped, "f"), model)) << "bit " << bit;
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

TEST(ModelDamageTest, SurvivesMutatedHeaders) {
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
      EXPECT_TRUE(SameModel(Model::FromBytes(mutated, "f"), model)) << header;
    }
  }
}

TEST(ModelDamageTest, SurvivesMutatedDescriptions) {
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
    ++accepted;
    // What is accepted must be whole.
    const Model model = Model::FromBytes(parts.File(), "f");
    EXPECT_TRUE(SameModel(Model::FromBytes(model.ToBytes()), model));
  }
  EXPECT_GT(accepted, 100u);
}

}  // namespace
}  // namespace colonnade
