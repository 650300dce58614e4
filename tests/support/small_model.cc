// SPDX-License-Identifier: Apache-2.0
#include "tests/support/small_model.h"

#include <algorithm>
#include <bit>
#include <cstdint>

namespace colonnade::test {

using std::string_literals::operator""s;

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

Model SmallModel() {
  const Model model(
      SmallShape(), SmallParameters(),
      {.method = Scale::kStandard, .offset = {-0.0f, 1 / 3.f}, .scale = {kDenormal, kLargest}},
      {.features = 2,
       .feature_names = {"\"quoted\" \\ \n\t\x01", "gr\xc3\xb6\xc3\x9f\x65 \xf0\x9f\x8f\x9b"},
       .label_name = "Latin-1 \xe4 and a \0 byte"s,
       .label_index = 2,
       .classes = {"", "0\xff"}});
  return model.WithProvenance("seed", "17")
      .WithProvenance("command \"line\"", R"(["colonnade","train"])");
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

const std::string& SmallFile() {
  static const std::string file = SmallModel().ToBytes();
  return file;
}

}  // namespace colonnade::test
