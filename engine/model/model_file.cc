// SPDX-License-Identifier: Apache-2.0
// Models as files: the safetensors container with PyTorch's names for the parameters, and what a
// prediction needs beyond them as JSON text in the metadata:
//
//   format                     "pt": tells Hugging Face's tools that the tensors are PyTorch's
//   colonnade.network          {"layers":[{"inputs":2,"outputs":3,"activation":"relu"}, …],
//                              "output":"softmax"}: or "sigmoid" or "linear"; left out: "softmax".
//                              "members": how many networks, if there are several
//   colonnade.target           {"offset":…,"scale":…}: prediction = offset + scale · output, plus
//                              target_offset of the schema; with "log":true that is log(1 +
//                              prediction), with "knots":[…] the normal score of its rank among
//                              these, with "link":"log" the logarithm of the prediction;
//                              "ceiling": outputs above count as this; "smearing": added to the
//                              logarithm; "levels":[…]: which quantiles the outputs are; only for
//                              "linear"
//   colonnade.scaling          {"method":…,"offset":…,"scale":…}: one number per feature, or a
//                              single one where all features have the same; likewise "limit", if
//                              any; "edges" and "quantiles": a list per feature. See
//                              colonnade/scaling.h
//   colonnade.schema           see engine/data/schema_json.h
//   colonnade.provenance.KEY   where the model comes from
//   colonnade.parameters_hash  XXH3-128 over the parameters' bytes
//
// beside the entries that every file has, see engine/runtime/FORMATS.md. The tensors of an ensemble
// are those of one member after the other, their names beginning with its number: "1.0.weight".
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "colonnade/error.h"
#include "colonnade/model.h"
#include "engine/data/schema_json.h"
#include "engine/model/storage.h"
#include "engine/runtime/container.h"
#include "engine/runtime/file.h"
#include "engine/runtime/hash.h"
#include "engine/runtime/json.h"
#include "engine/runtime/safetensors.h"

namespace colonnade {
namespace {

using safetensors::Quoted;
using safetensors::Tensor;
using safetensors::TensorInfo;

constexpr std::string_view kProvenancePrefix = "colonnade.provenance.";
constexpr const char* kNetworkKey = "colonnade.network";
constexpr const char* kScalingKey = "colonnade.scaling";
constexpr const char* kSchemaKey = "colonnade.schema";
constexpr const char* kTargetKey = "colonnade.target";
constexpr const char* kParametersHashKey = "colonnade.parameters_hash";

// A tensor of a network's file, and where its values belong.
struct Place {
  TensorInfo info;
  size_t layer;
  std::vector<float> LayerParameters::* values;
};

// Those of a member, in the order of the file.
std::vector<Place> PlacesOf(const NetworkShape& shape, size_t member, size_t members) {
  const std::string prefix = members > 1 ? fmt::format("{}.", member) : "";
  std::vector<Place> places;
  size_t module = 0;  // of a torch.nn.Sequential, where activations have a number, too
  for (size_t l = 0; l < shape.layers.size(); ++l) {
    const Layer& layer = shape.layers[l];
    const auto add = [&](const char* name, std::vector<uint64_t> dimensions,
                         std::vector<float> LayerParameters::* values) {
      places.push_back(
          {{fmt::format("{}{}.{}", prefix, module, name), "F32", std::move(dimensions)},
           l,
           values});
    };
    add("weight", {layer.outputs, layer.inputs}, &LayerParameters::weight);
    if (layer.batch_norm) {
      ++module;
      add("weight", {layer.outputs}, &LayerParameters::gamma);
    }
    add("bias", {layer.outputs}, &LayerParameters::bias);
    if (layer.batch_norm) {
      add("running_mean", {layer.outputs}, &LayerParameters::running_mean);
      add("running_var", {layer.outputs}, &LayerParameters::running_variance);
    }
    module += 2;
  }
  return places;
}

// ---- Writing ----

using colonnade::ToJson;  // of names and numbers, beside those below

Json32 ToJson(const NetworkShape& shape, size_t members) {
  auto layers = Json32::array();
  for (const Layer& layer : shape.layers) {
    layers.push_back({{"inputs", layer.inputs},
                      {"outputs", layer.outputs},
                      {"activation", Name(layer.activation)}});
    if (layer.batch_norm) layers.back()["batch_norm"] = true;
  }
  Json32 json = {{"layers", std::move(layers)}};
  if (shape.output != OutputKind::kSoftmax) {
    json["output"] = Name(shape.output);
  }
  if (members > 1) json["members"] = members;
  return json;
}

Json32 ToJson(const TargetScaling& target) {
  Json32 json = {{"offset", target.offset}, {"scale", target.scale}};
  if (target.transform == TargetTransform::kLog1p) json["log"] = true;
  if (std::isfinite(target.ceiling)) json["ceiling"] = target.ceiling;
  if (target.smearing != 0) json["smearing"] = target.smearing;
  if (target.transform == TargetTransform::kLog) json["link"] = "log";
  if (!target.knots.empty()) json["knots"] = target.knots;
  if (!target.levels.empty()) json["levels"] = target.levels;
  return json;
}

Json32 ToJson(const Scaling& scaling) {
  Json32 json = {{"method", Name(scaling.method)},
                 {"offset", ToJson(scaling.offset)},
                 {"scale", ToJson(scaling.scale)}};
  if (!scaling.limit.empty()) json["limit"] = ToJson(scaling.limit);
  if (!scaling.edges.empty()) json["edges"] = scaling.edges;
  if (!scaling.quantiles.empty()) json["quantiles"] = scaling.quantiles;
  return json;
}

// ---- Reading ----

template <Named E>
E ReadNamed(const JsonNode& node, const std::string& expected = Alternatives<E>()) {
  if (const std::optional<E> value = Parse<E>(node.String())) return *value;
  node.Fail(expected);
}

NetworkShape ReadNetwork(const JsonNode& node) {
  const JsonNode layers = node.Field("layers");
  if (layers.size() == 0) layers.Fail("at least one layer");
  NetworkShape shape;
  for (size_t l = 0; l < layers.size(); ++l) {
    const JsonNode layer = layers.Item(l);
    shape.layers.push_back(
        {.inputs = layer.Field("inputs").Unsigned(kMaxWidth),
         .outputs = layer.Field("outputs").Unsigned(kMaxWidth),
         .activation =
             ReadNamed<Activation>(layer.Field("activation"), "the name of an activation"),
         .batch_norm = layer.Has("batch_norm") && layer.Field("batch_norm").Bool()});
  }
  if (node.Has("output")) shape.output = ReadNamed<OutputKind>(node.Field("output"));
  return shape;
}

size_t ReadMembers(const JsonNode& node) {
  if (!node.Has("members")) return 1;
  const size_t members = node.Field("members").Unsigned(kMaxMembers);
  if (members < 2) node.Field("members").Fail(fmt::format("an integer from 2 to {}", kMaxMembers));
  return members;
}

TargetScaling ReadTarget(const JsonNode& node) {
  TargetScaling target = {.offset = node.Field("offset").Number(),
                          .scale = node.Field("scale").Number()};
  if (node.Has("log") && node.Field("log").Bool()) target.transform = TargetTransform::kLog1p;
  if (node.Has("ceiling")) target.ceiling = node.Field("ceiling").Number();
  if (node.Has("smearing")) target.smearing = node.Field("smearing").Number();
  if (node.Has("knots")) {
    const JsonNode knots = node.Field("knots");
    target.knots = ReadFloats(knots, knots.size());
    target.transform = TargetTransform::kQuantile;
  }
  if (node.Has("link")) {
    if (node.Field("link").String() != "log") node.Field("link").Fail("\"log\"");
    target.transform = TargetTransform::kLog;
  }
  if (node.Has("levels")) {
    const JsonNode levels = node.Field("levels");
    target.levels = ReadFloats(levels, levels.size());
  }
  return target;
}

// The oldest that has all of the model.
unsigned VersionOf(const Model& model) {
  const TargetScaling& target = model.target_scaling();
  const unsigned version = VersionFor(model.schema());
  const bool log = target.transform == TargetTransform::kLog1p;
  const TargetScaling older = {.offset = target.offset,
                               .scale = target.scale,
                               .transform = log ? target.transform : TargetTransform::kNone};
  const Scaling& scaling = model.scaling();
  if (scaling.method == Scale::kQuantile) return kContainerVersion;
  if (target != older || !scaling.limit.empty() || !scaling.edges.empty() || model.members() > 1) {
    return kCurvesVersion;
  }
  return log ? std::max(version, kColumnsVersion) : version;
}

std::vector<std::vector<float>> ReadLists(const JsonNode& node, size_t features) {
  if (node.size() != features) node.Fail(fmt::format("a list of {} lists", features));
  std::vector<std::vector<float>> lists;
  lists.reserve(features);
  for (size_t f = 0; f < features; ++f) {
    const JsonNode of_feature = node.Item(f);
    lists.push_back(ReadFloats(of_feature, of_feature.size()));
  }
  return lists;
}

Scaling ReadScaling(const JsonNode& node, size_t features) {
  Scaling scaling = {.method = ReadNamed<Scale>(node.Field("method")),
                     .offset = ReadFloats(node.Field("offset"), features),
                     .scale = ReadFloats(node.Field("scale"), features)};
  if (node.Has("limit")) scaling.limit = ReadFloats(node.Field("limit"), features);
  if (node.Has("edges")) scaling.edges = ReadLists(node.Field("edges"), features);
  if (node.Has("quantiles")) scaling.quantiles = ReadLists(node.Field("quantiles"), features);
  return scaling;
}

std::vector<float> ReadTensor(const Container& file, const TensorInfo& info, Hash128& hash) {
  const Tensor& tensor = file.Require(info);
  hash.Add(tensor.bytes.data(), tensor.bytes.size());
  std::vector<float> values(tensor.bytes.size() / sizeof(float));
  std::memcpy(values.data(), tensor.bytes.data(), tensor.bytes.size());
  return values;
}

void CheckValues(const Container& file, const std::string& tensor, const std::vector<float>& values,
                 bool not_negative) {
  const auto bad = std::ranges::find_if_not(
      values, [&](float v) { return std::isfinite(v) && (v >= 0 || !not_negative); });
  if (bad == values.end()) return;
  file.Fail({.subject = "tensor " + Quoted(tensor),
             .found = fmt::format("{} as element {}", *bad, bad - values.begin()),
             .expected = std::string("a finite number") + (not_negative ? ", at least 0" : "")});
}

// One member after the other, so that no more is taken into memory than the file has.
std::vector<LayerParameters> ReadParameters(const Container& file, const NetworkShape& shape,
                                            size_t members) {
  std::vector<LayerParameters> layers;
  std::vector<std::string> names;
  Hash128 hash;
  const auto for_each_place = [&](const auto& visit) {
    for (size_t m = 0; m < members; ++m) {
      for (const Place& place : PlacesOf(shape, m, members)) {
        visit(place, m * shape.layers.size() + place.layer);
      }
    }
  };
  for_each_place([&](const Place& place, size_t layer) {
    if (layer == layers.size()) layers.emplace_back();
    layers[layer].*place.values = ReadTensor(file, place.info, hash);
    names.push_back(place.info.name);
  });
  file.RequireNoTensorsBut(names);
  file.RequireHash(kParametersHashKey, hash.Hex(), "parameters");
  for_each_place([&](const Place& place, size_t layer) {
    CheckValues(file, place.info.name, layers[layer].*place.values,
                place.values == &LayerParameters::running_variance);
  });
  return layers;
}

Model WithProvenanceOf(const Container& file, Model model) {
  for (const auto& [key, value] : file.metadata()) {
    if (!key.starts_with(kProvenancePrefix)) continue;
    try {
      model = model.WithProvenance(key.substr(kProvenancePrefix.size()), value);
    } catch (const Error& error) {
      file.Fail(error.details());
    }
  }
  return model;
}

Model ReadModel(const Container& file) {
  const JsonNode network = file.Node(kNetworkKey);
  NetworkShape shape = ReadNetwork(network);
  const size_t members = ReadMembers(network);
  Schema schema = ReadSchema(file.Node(kSchemaKey));
  Scaling scaling = ReadScaling(file.Node(kScalingKey), schema.features);
  TargetScaling target;
  if (shape.output == OutputKind::kLinear) target = ReadTarget(file.Node(kTargetKey));
  if (auto mismatch = FindMismatch(shape, scaling, schema, target)) file.Fail(*mismatch);
  const std::vector<LayerParameters> parameters = ReadParameters(file, shape, members);
  return WithProvenanceOf(
      file, Model(std::move(shape), parameters, std::move(scaling), std::move(schema), target));
}

// Hands the bytes of the model's file to write(), one piece after the other.
template <class Write>
void WriteModel(const Model& model, const std::string& name, const Write& write) {
  safetensors::Metadata entries = {{"format", "pt"},
                                   {kNetworkKey, ToJson(model.shape(), model.members()).dump()},
                                   {kScalingKey, ToJson(model.scaling()).dump()},
                                   {kSchemaKey, ToJson(model.schema()).dump()},
                                   {kParametersHashKey, model.ParametersHash()}};
  if (model.regression()) entries.emplace(kTargetKey, ToJson(model.target_scaling()).dump());
  for (const auto& [key, json] : model.provenance()) {
    entries.emplace(std::string(kProvenancePrefix) + key, json);
  }
  std::vector<TensorInfo> tensors;
  for (size_t m = 0; m < model.members(); ++m) {
    for (const Place& place : PlacesOf(model.shape(), m, model.members())) {
      tensors.push_back(place.info);
    }
  }
  write(std::string_view(
      ContainerHeader(kModelFormat, std::move(entries), tensors, name, VersionOf(model))));
  const std::vector<Place> places = PlacesOf(model.shape(), 0, 1);
  for (size_t m = 0; m < model.members(); ++m) {
    for (size_t l = 0; l < model.shape().layers.size(); ++l) {
      const LayerParameters layer = model.parameters(l, m);
      for (const Place& place : places) {
        if (place.layer != l) continue;
        const std::vector<float>& values = layer.*place.values;
        write(std::string_view(reinterpret_cast<const char*>(values.data()),
                               values.size() * sizeof(float)));
      }
    }
  }
}

}  // namespace

Model Model::Load(const std::filesystem::path& file) {
  return FromBytes(ReadWholeFile(file), file == "-" ? "standard input" : file.string());
}

Model Model::FromBytes(std::string_view bytes, const std::string& name) {
  return ReadModel(Container(bytes, name, kModelFormat));
}

void Model::Save(const std::filesystem::path& file) const {
  AtomicFile output(file);
  WriteModel(*this, file.string(), [&](std::string_view bytes) { output.Write(bytes); });
  output.Commit();
}

std::string Model::ToBytes() const {
  std::string bytes;
  WriteModel(*this, "model", [&](std::string_view piece) { bytes += piece; });
  return bytes;
}

}  // namespace colonnade
