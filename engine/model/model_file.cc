// Models as files: the safetensors container with PyTorch's names for the parameters, and what a
// prediction needs beyond them as JSON text in the metadata:
//
//   format                     "pt": tells Hugging Face's tools that the tensors are PyTorch's
//   colonnade.format_version   "1"
//   colonnade.network          {"layers":[{"inputs":2,"outputs":3,"activation":"relu"}, …],
//                              "output":"softmax"}: or "sigmoid" or "linear"; left out: "softmax"
//   colonnade.target           {"offset":…,"scale":…}: prediction = offset + scale · output; only
//                              for "linear"
//   colonnade.scaling          {"method":…,"offset":…,"scale":…}: one number per feature, or a
//                              single one where all features have the same
//   colonnade.schema           see engine/data/schema_json.h
//   colonnade.provenance.KEY   where the model comes from
//   colonnade.parameters_hash  XXH3-128 over the parameters' bytes
//   colonnade.metadata_hash    XXH3-128 over the other entries named colonnade.…, in the order of
//                              their keys: key, a zero byte, value, a zero byte
#include "engine/model/model_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <set>
#include <utility>

#include "colonnade/error.h"
#include "colonnade/model.h"
#include "engine/data/schema_json.h"
#include "engine/model/storage.h"
#include "engine/runtime/file.h"
#include "engine/runtime/hash.h"
#include "engine/runtime/json.h"
#include "engine/runtime/safetensors.h"

namespace colonnade {
namespace {

using safetensors::Metadata;
using safetensors::Quoted;
using safetensors::Tensor;
using safetensors::TensorInfo;

constexpr std::string_view kPrefix = "colonnade.";
constexpr std::string_view kProvenancePrefix = "colonnade.provenance.";
constexpr const char* kVersionKey = "colonnade.format_version";
constexpr const char* kNetworkKey = "colonnade.network";
constexpr const char* kScalingKey = "colonnade.scaling";
constexpr const char* kSchemaKey = "colonnade.schema";
constexpr const char* kTargetKey = "colonnade.target";
constexpr const char* kParametersHashKey = "colonnade.parameters_hash";
constexpr const char* kMetadataHashKey = "colonnade.metadata_hash";
constexpr const char* kVersion = "1";

constexpr std::pair<OutputKind, const char*> kOutputs[] = {{OutputKind::kSoftmax, "softmax"},
                                                           {OutputKind::kSigmoid, "sigmoid"},
                                                           {OutputKind::kLinear, "linear"}};

// A tensor of a network's file, and where its values belong.
struct Place {
  TensorInfo info;
  size_t layer;
  std::vector<float> LayerParameters::* values;
};

// In the order of the file.
std::vector<Place> PlacesOf(const NetworkShape& shape) {
  std::vector<Place> places;
  size_t module = 0;  // of a torch.nn.Sequential, where activations have a number, too
  for (size_t l = 0; l < shape.layers.size(); ++l) {
    const Layer& layer = shape.layers[l];
    const auto add = [&](const char* name, std::vector<uint64_t> dimensions,
                         std::vector<float> LayerParameters::* values) {
      places.push_back(
          {{fmt::format("{}.{}", module, name), "F32", std::move(dimensions)}, l, values});
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

std::string MetadataHash(const Metadata& metadata) {
  Hash128 hash;
  for (const auto& [key, value] : metadata) {
    if (!key.starts_with(kPrefix) || key == kMetadataHashKey) continue;
    hash.Add(key.c_str(), key.size() + 1);
    hash.Add(value.c_str(), value.size() + 1);
  }
  return hash.Hex();
}

// ---- Writing ----

using colonnade::ToJson;  // of names and numbers, beside those below

Json32 ToJson(const NetworkShape& shape) {
  auto layers = Json32::array();
  for (const Layer& layer : shape.layers) {
    layers.push_back({{"inputs", layer.inputs},
                      {"outputs", layer.outputs},
                      {"activation", Name(layer.activation)}});
    if (layer.batch_norm) layers.back()["batch_norm"] = true;
  }
  Json32 json = {{"layers", std::move(layers)}};
  if (shape.output != OutputKind::kSoftmax) {
    json["output"] =
        std::ranges::find(kOutputs, shape.output, &std::pair<OutputKind, const char*>::first)
            ->second;
  }
  return json;
}

Json32 ToJson(const TargetScaling& target) {
  return {{"offset", target.offset}, {"scale", target.scale}};
}

Json32 ToJson(const Scaling& scaling) {
  return {{"method", ToJson(scaling.method)},
          {"offset", ToJson(scaling.offset)},
          {"scale", ToJson(scaling.scale)}};
}

// ---- Reading ----

Activation ReadActivation(const JsonNode& node) {
  if (const auto activation = ActivationNamed(node.String())) return *activation;
  node.Fail("the name of an activation");
}

OutputKind ReadOutput(const JsonNode& node) {
  for (const auto& [output, name] : kOutputs) {
    if (node.String() == name) return output;
  }
  node.Fail("\"softmax\", \"sigmoid\" or \"linear\"");
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
         .activation = ReadActivation(layer.Field("activation")),
         .batch_norm = layer.Has("batch_norm") && layer.Field("batch_norm").Bool()});
  }
  if (node.Has("output")) shape.output = ReadOutput(node.Field("output"));
  return shape;
}

TargetScaling ReadTarget(const JsonNode& node) {
  return {.offset = node.Field("offset").Float(), .scale = node.Field("scale").Float()};
}

Scaling ReadScaling(const JsonNode& node, size_t features) {
  return {.method = ReadName(node.Field("method")),
          .offset = ReadFloats(node.Field("offset"), features),
          .scale = ReadFloats(node.Field("scale"), features)};
}

// One model file on its way into memory.
class ModelReader {
 public:
  ModelReader(std::string_view file, const std::string& name)
      : name_(name), contents_(safetensors::Parse(file, name)) {}

  Model Read() {
    CheckMetadata();
    NetworkShape shape = ReadNetwork(Node(kNetworkKey));
    Scaling scaling = ReadScaling(Node(kScalingKey), shape.inputs());
    Schema schema = ReadSchema(Node(kSchemaKey));
    TargetScaling target;
    if (shape.output == OutputKind::kLinear) target = ReadTarget(Node(kTargetKey));
    if (const std::string mismatch = FindMismatch(shape, scaling, schema, target);
        !mismatch.empty()) {
      Fail(mismatch);
    }
    const std::vector<LayerParameters> parameters = ReadParameters(shape);
    Model model(std::move(shape), parameters, std::move(scaling), std::move(schema), target);
    for (const auto& [key, value] : contents_.metadata) {
      if (!key.starts_with(kProvenancePrefix)) continue;
      try {
        model.SetProvenance(key.substr(kProvenancePrefix.size()), value);
      } catch (const Error& error) {
        Fail(error.what());
      }
    }
    return model;
  }

 private:
  [[noreturn]] void Fail(const std::string& problem) const {
    throw Error(ErrorCode::kBadModel, name_ + ": " + problem);
  }

  const std::string& Entry(const char* key) const {
    const auto found = contents_.metadata.find(key);
    if (found == contents_.metadata.end()) Fail(fmt::format("metadata: found no {}", key));
    return found->second;
  }

  void CheckMetadata() const {
    const auto first = contents_.metadata.lower_bound(std::string(kPrefix));
    if (first == contents_.metadata.end() || !first->first.starts_with(kPrefix)) {
      Fail("not a colonnade model (no colonnade metadata)");
    }
    if (contents_.metadata.contains("colonnade.dataset_version")) {
      Fail("found a cached dataset, expected a model");
    }
    // First of all, because another version may define everything else differently.
    if (const std::string& version = Entry(kVersionKey); version != kVersion) {
      const bool plain =
          version.size() < 10 && version.find_first_not_of("0123456789.") == std::string::npos;
      Fail(fmt::format("model format {}, this version reads {}", plain ? version : Quoted(version),
                       kVersion));
    }
    if (Entry(kMetadataHashKey) != MetadataHash(contents_.metadata)) {
      Fail("the metadata do not match their checksum: the file was altered or damaged");
    }
  }

  // The entry is kept until the next call.
  JsonNode Node(const char* key) {
    json_ = ParseJson<Json32>(Entry(key));
    if (!json_) Fail(fmt::format("{}: found no valid JSON", key));
    return {*json_, fmt::format("{}: {}", name_, key)};
  }

  std::vector<LayerParameters> ReadParameters(const NetworkShape& shape) {
    std::vector<LayerParameters> layers(shape.layers.size());
    const std::vector<Place> places = PlacesOf(shape);
    Hash128 hash;
    for (const Place& place : places) {
      layers[place.layer].*place.values = ReadTensor(place.info.name, place.info.shape, hash);
    }
    for (const Tensor& tensor : contents_.tensors) {
      if (!read_.contains(tensor.name)) Fail("found the unexpected tensor " + Quoted(tensor.name));
    }
    if (hash.Hex() != Entry(kParametersHashKey)) {
      Fail("the parameters do not match their checksum: the file was altered or damaged");
    }
    for (const Place& place : places) {
      CheckValues(place.info.name, layers[place.layer].*place.values,
                  place.values == &LayerParameters::running_variance);
    }
    return layers;
  }

  std::vector<float> ReadTensor(const std::string& tensor_name, const std::vector<uint64_t>& shape,
                                Hash128& hash) {
    const auto tensor = std::ranges::find(contents_.tensors, tensor_name, &Tensor::name);
    if (tensor == contents_.tensors.end()) Fail("found no tensor " + Quoted(tensor_name));
    if (tensor->dtype != "F32") {
      Fail(fmt::format("tensor {}: found dtype {}, expected F32", Quoted(tensor_name),
                       tensor->dtype));
    }
    if (tensor->shape != shape) {
      Fail(fmt::format("tensor {}: found shape [{}], expected [{}]", Quoted(tensor_name),
                       fmt::join(tensor->shape, ", "), fmt::join(shape, ", ")));
    }
    read_.insert(tensor_name);
    hash.Add(tensor->bytes.data(), tensor->bytes.size());
    std::vector<float> values(tensor->bytes.size() / sizeof(float));
    std::memcpy(values.data(), tensor->bytes.data(), tensor->bytes.size());
    return values;
  }

  void CheckValues(const std::string& tensor_name, const std::vector<float>& values,
                   bool not_negative) const {
    const auto bad = std::ranges::find_if_not(
        values, [&](float v) { return std::isfinite(v) && (v >= 0 || !not_negative); });
    if (bad == values.end()) return;
    Fail(fmt::format("tensor {}: found {} as element {}, expected a finite number{}",
                     Quoted(tensor_name), *bad, bad - values.begin(),
                     not_negative ? ", at least 0" : ""));
  }

  const std::string& name_;
  safetensors::Contents contents_;
  std::optional<Json32> json_;
  std::set<std::string> read_;  // tensors of the network
};

}  // namespace

Model ParseModel(std::string_view file, const std::string& name) {
  return ModelReader(file, name).Read();
}

Model Model::Load(const std::filesystem::path& file) {
  return ParseModel(ReadWholeFile(file), file == "-" ? "standard input" : file.string());
}

void Model::Save(const std::filesystem::path& file) const {
  Metadata metadata = {{"format", "pt"},
                       {kVersionKey, kVersion},
                       {kNetworkKey, ToJson(shape()).dump()},
                       {kScalingKey, ToJson(scaling()).dump()},
                       {kSchemaKey, ToJson(schema()).dump()},
                       {kParametersHashKey, ParametersHash()}};
  if (regression()) metadata.emplace(kTargetKey, ToJson(target_scaling()).dump());
  for (const auto& [key, json] : provenance()) {
    metadata.emplace(std::string(kProvenancePrefix) + key, json);
  }
  metadata[kMetadataHashKey] = MetadataHash(metadata);

  const std::vector<Place> places = PlacesOf(shape());
  std::vector<TensorInfo> tensors;
  tensors.reserve(places.size());
  for (const Place& place : places) tensors.push_back(place.info);

  AtomicFile output(file);
  output.Write(safetensors::Header(tensors, metadata, file.string()));
  const auto write = [&](const std::vector<float>& values) {
    output.Write({reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)});
  };
  for (size_t l = 0; l < shape().layers.size(); ++l) {
    const LayerParameters layer = parameters(l);
    for (const Place& place : places) {
      if (place.layer == l) write(layer.*place.values);
    }
  }
  output.Commit();
}

}  // namespace colonnade
