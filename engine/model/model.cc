// SPDX-License-Identifier: Apache-2.0
#include "colonnade/model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <functional>
#include <optional>
#include <utility>

#include "colonnade/error.h"
#include "engine/data/schema_json.h"
#include "engine/model/storage.h"
#include "engine/runtime/hash.h"
#include "engine/runtime/json.h"

namespace colonnade {
namespace {

std::optional<ErrorDetails> LayerMismatch(const NetworkShape& shape) {
  if (shape.layers.empty()) {
    return ErrorDetails{.subject = "layers", .found = "0", .expected = "at least 1"};
  }
  for (size_t l = 0; l < shape.layers.size(); ++l) {
    const Layer& layer = shape.layers[l];
    for (const auto& [side, width] :
         {std::pair("inputs", layer.inputs), {"outputs", layer.outputs}}) {
      if (width < 1 || width > kMaxWidth) {
        return ErrorDetails{.subject = fmt::format("layers[{}].{}", l, side),
                            .found = fmt::to_string(width),
                            .expected = fmt::format("1 to {}", kMaxWidth)};
      }
    }
    if (l > 0 && layer.inputs != shape.layers[l - 1].outputs) {
      return ErrorDetails{.subject = fmt::format("layers[{}].inputs", l),
                          .found = fmt::to_string(layer.inputs),
                          .expected = fmt::format("{}, the outputs of layers[{}]",
                                                  shape.layers[l - 1].outputs, l - 1)};
    }
  }
  if (shape.layers.back().batch_norm) {
    return ErrorDetails{.subject = fmt::format("layers[{}].batch_norm", shape.layers.size() - 1),
                        .found = "true",
                        .expected = "false in the last layer"};
  }
  return {};
}

// Whether f32 has a slope between two numbers that ascend.
bool HaveSlope(float a, float b) { return a < b && std::isnormal(1 / (b - a)); }

std::optional<ErrorDetails> QuantilesMismatch(const Scaling& scaling, size_t features) {
  if ((scaling.method == Scale::kQuantile) == scaling.quantiles.empty()) {
    return ErrorDetails{
        .subject = "scaling.quantiles",
        .found =
            fmt::format("{} lists with method {}", scaling.quantiles.size(), Name(scaling.method)),
        .expected = fmt::format("some with {}, and none else", Name(Scale::kQuantile))};
  }
  if (scaling.quantiles.empty()) return {};
  if (scaling.quantiles.size() != features) {
    return ErrorDetails{.subject = "scaling.quantiles",
                        .found = fmt::to_string(scaling.quantiles.size()),
                        .expected = fmt::to_string(features)};
  }
  for (const std::vector<float>& quantiles : scaling.quantiles) {
    if (quantiles.empty()) continue;
    const size_t size = std::clamp<size_t>(quantiles.size(), 2, kMostQuantiles);
    if (auto mismatch = FindMismatch("scaling.quantiles", quantiles, size)) return mismatch;
    for (size_t q = 0; q + 1 < quantiles.size(); ++q) {
      const float low = quantiles[q];
      const float high = quantiles[q + 1];
      if (low == high || HaveSlope(low, high)) continue;
      return ErrorDetails{.subject = "scaling.quantiles",
                          .found = fmt::format("{} after {}", high, low),
                          .expected = "none that descends or is too far"};
    }
  }
  return {};
}

// Of limits and edges.
std::optional<ErrorDetails> CurveMismatch(const Scaling& scaling, size_t features) {
  if (!scaling.limit.empty()) {
    if (auto mismatch = FindMismatch("scaling.limit", scaling.limit, features)) return mismatch;
    for (const float limit : scaling.limit) {
      if (limit >= 0) continue;
      return ErrorDetails{.subject = "scaling.limit",
                          .found = fmt::to_string(limit),
                          .expected = "0, or a number above"};
    }
  }
  if (scaling.edges.empty()) return {};
  if (scaling.edges.size() != features) {
    return ErrorDetails{.subject = "scaling.edges",
                        .found = fmt::to_string(scaling.edges.size()),
                        .expected = fmt::to_string(features)};
  }
  for (const std::vector<float>& edges : scaling.edges) {
    if (edges.empty()) continue;
    if (auto mismatch = FindMismatch("scaling.edges", edges, std::max<size_t>(edges.size(), 2))) {
      return mismatch;
    }
    for (size_t e = 0; e + 1 < edges.size(); ++e) {
      if (HaveSlope(edges[e], edges[e + 1])) continue;
      return ErrorDetails{.subject = "scaling.edges",
                          .found = fmt::format("{} after {}", edges[e + 1], edges[e]),
                          .expected = "a larger number"};
    }
  }
  return {};
}

std::optional<ErrorDetails> TargetMismatch(const TargetScaling& target) {
  if (!std::isfinite(target.offset) || !std::isfinite(target.scale) || target.scale <= 0) {
    return ErrorDetails{.subject = "target",
                        .found = fmt::format("offset {} and scale {}", target.offset, target.scale),
                        .expected = "finite numbers, scale > 0"};
  }
  if (std::isnan(target.ceiling) || !std::isfinite(target.smearing)) {
    return ErrorDetails{
        .subject = "target",
        .found = fmt::format("ceiling {} and smearing {}", target.ceiling, target.smearing),
        .expected = "numbers, smearing finite"};
  }
  const bool quantile = target.transform == TargetTransform::kQuantile;
  if (target.knots.empty() == quantile || target.knots.size() == 1) {
    return ErrorDetails{.subject = "target.knots",
                        .found = fmt::to_string(target.knots.size()),
                        .expected = quantile ? "at least 2" : "0"};
  }
  if (auto mismatch = FindMismatch("target.knots", target.knots, target.knots.size())) {
    return mismatch;
  }
  if (const auto fall = std::ranges::adjacent_find(target.knots, std::greater());
      fall != target.knots.end()) {
    return ErrorDetails{.subject = "target.knots",
                        .found = fmt::format("{} after {}", *(fall + 1), *fall),
                        .expected = "none that descends"};
  }
  float below = 0;
  for (const float level : target.levels) {
    if (!(level > below && level < 1)) {
      return ErrorDetails{.subject = "target.levels",
                          .found = fmt::to_string(level),
                          .expected = fmt::format("a number above {} and below 1", below)};
    }
    below = level;
  }
  return {};
}

[[noreturn]] void Refuse(ErrorDetails mismatch) {
  mismatch.subject = "model: " + mismatch.subject;
  throw Error(ErrorCode::kInvalidArgument, std::move(mismatch));
}

void Require(std::optional<ErrorDetails> mismatch) {
  if (mismatch) Refuse(*std::move(mismatch));
}

}  // namespace

std::optional<ErrorDetails> FindMismatch(const NetworkShape& shape, const Scaling& scaling,
                                         const Schema& schema, const TargetScaling& target) {
  if (auto mismatch = LayerMismatch(shape)) return mismatch;
  const auto differ = [](const char* subject, size_t found, size_t expected) {
    return ErrorDetails{
        .subject = subject, .found = fmt::to_string(found), .expected = fmt::to_string(expected)};
  };
  const size_t pieces = scaling.pieces();
  if (pieces >= shape.inputs()) {
    return differ("scaling.edges", scaling.edges.size(), 0);
  }
  const size_t features = shape.inputs() - pieces;
  if (auto mismatch = FindMismatch("scaling.offset", scaling.offset, features)) return mismatch;
  if (auto mismatch = FindMismatch("scaling.scale", scaling.scale, features)) return mismatch;
  if (auto mismatch = CurveMismatch(scaling, features)) return mismatch;
  if (auto mismatch = QuantilesMismatch(scaling, features)) return mismatch;
  if (schema.features != features) return differ("schema.features", schema.features, features);
  if (auto mismatch = FindMismatch(schema)) return mismatch;
  const size_t single = std::max<size_t>(1, target.levels.size());
  if (shape.output != OutputKind::kSoftmax && shape.outputs() != single) {
    return differ("outputs", shape.outputs(), single);
  }
  const size_t classes = ClassesOf(shape);
  if (schema.classes.size() != classes) {
    return differ("schema.classes", schema.classes.size(), classes);
  }
  return TargetMismatch(target);
}

size_t ClassesOf(const NetworkShape& shape) {
  switch (shape.output) {
    case OutputKind::kSigmoid:
      return 2;
    case OutputKind::kLinear:
      return 0;
    case OutputKind::kSoftmax:
      return shape.outputs();
  }
  __builtin_unreachable();
}

std::vector<float> ToRowMajor(kernels::ConstMatrix from) {
  std::vector<float> to(from.rows * from.cols);
  for (size_t c = 0; c < from.cols; ++c) {
    for (size_t r = 0; r < from.rows; ++r) to[r * from.cols + c] = from.Column(c)[r];
  }
  return to;
}

void FromRowMajor(std::span<const float> from, kernels::Matrix to) {
  for (size_t c = 0; c < to.cols; ++c) {
    for (size_t r = 0; r < to.rows; ++r) to.Column(c)[r] = from[r * to.cols + c];
  }
}

namespace {

std::shared_ptr<Model::Storage> MakeStorage(NetworkShape shape,
                                            std::span<const LayerParameters> parameters,
                                            Scaling scaling, Schema schema, TargetScaling target) {
  Require(FindMismatch(shape, scaling, schema, target));
  const size_t layers = shape.layers.size();
  if (parameters.empty() || parameters.size() % layers != 0 ||
      parameters.size() / layers > kMaxMembers) {
    Refuse({.subject = "parameters",
            .found = fmt::format("{} layers", parameters.size()),
            .expected = fmt::to_string(layers)});
  }
  auto storage = std::make_shared<Model::Storage>();
  for (size_t l = 0; l < parameters.size(); ++l) {
    const Layer& layer = shape.layers[l % layers];
    const LayerParameters& from = parameters[l];
    DenseParameters& to = storage->layers.emplace_back(layer);
    const auto take = [&](const char* name, const std::vector<float>& values,
                          kernels::Matrix into) {
      const std::string field = fmt::format("parameters[{}].{}", l, name);
      Require(FindMismatch(field.c_str(), values, into.rows * into.cols));
      FromRowMajor(values, into);
    };
    take("weight", from.weight, to.weight.view());
    take("bias", from.bias, to.bias.view());
    take("gamma", from.gamma, to.gamma.view());
    take("running_mean", from.running_mean, to.running_mean.view());
    take("running_variance", from.running_variance, to.running_variance.view());
    for (const float variance : from.running_variance) {
      if (variance >= 0) continue;
      Refuse({.subject = fmt::format("parameters[{}].running_variance", l),
              .found = fmt::to_string(variance),
              .expected = "at least 0"});
    }
  }
  storage->shape = std::move(shape);
  storage->scaling = std::move(scaling);
  storage->schema = std::move(schema);
  storage->target = std::move(target);
  return storage;
}

}  // namespace

Model::Model(std::shared_ptr<Storage> storage) : storage_(std::move(storage)) {
  storage_->padded_scaling = PaddedScaling(storage_->scaling);
  storage_->folded.clear();
  if (!shape().batch_norm()) return;
  for (size_t l = 0; l < storage_->layers.size(); ++l) {
    const bool folds = shape().layers[l % shape().layers.size()].batch_norm;
    storage_->folded.push_back(folds ? FoldBatchNorm(storage_->layers[l])
                                     : DenseParameters(Layer()));
  }
}

Model::Model(NetworkShape shape, std::span<const LayerParameters> parameters, Scaling scaling,
             Schema schema, TargetScaling target)
    : Model(MakeStorage(std::move(shape), parameters, std::move(scaling), std::move(schema),
                        std::move(target))) {}

const NetworkShape& Model::shape() const noexcept { return storage_->shape; }
const Scaling& Model::scaling() const noexcept { return storage_->scaling; }
const Schema& Model::schema() const noexcept { return storage_->schema; }
const TargetScaling& Model::target_scaling() const noexcept { return storage_->target; }
bool Model::regression() const noexcept { return shape().output == OutputKind::kLinear; }

size_t Model::members() const noexcept { return storage_->members(); }

LayerParameters Model::parameters(size_t layer, size_t member) const {
  assert(layer < shape().layers.size() && member < members());
  const DenseParameters& from =
      std::as_const(storage_->layers[member * shape().layers.size() + layer]);
  return {.weight = ToRowMajor(from.weight.view()),
          .bias = ToRowMajor(from.bias.view()),
          .gamma = ToRowMajor(from.gamma.view()),
          .running_mean = ToRowMajor(from.running_mean.view()),
          .running_variance = ToRowMajor(from.running_variance.view())};
}

Model Model::Member(size_t member) const {
  std::vector<LayerParameters> layers;
  layers.reserve(shape().layers.size());
  for (size_t l = 0; l < shape().layers.size(); ++l) layers.push_back(parameters(l, member));
  return {shape(), layers, scaling(), schema(), target_scaling()};
}

std::string Model::ParametersHash() const {
  Hash128 hash;
  for (size_t m = 0; m < members(); ++m) {
    for (size_t l = 0; l < shape().layers.size(); ++l) {
      const LayerParameters layer = parameters(l, m);
      for (const std::vector<float>* values : {&layer.weight, &layer.gamma, &layer.bias,
                                               &layer.running_mean, &layer.running_variance}) {
        hash.Add(values->data(), values->size() * sizeof(float));
      }
    }
  }
  return hash.Hex();
}

const std::map<std::string, std::string>& Model::provenance() const noexcept {
  return *provenance_;
}

Model Model::WithProvenance(const std::string& key, const std::string& json) const {
  // What could not be saved, or not be loaded again, is refused here.
  if (!IsUtf8(key) || !ParseJson<nlohmann::json>(json)) {
    throw Error(ErrorCode::kInvalidArgument,
                {.subject = "provenance " + safetensors::Quoted(key), .found = "no valid JSON"});
  }
  auto provenance = std::make_shared<std::map<std::string, std::string>>(*provenance_);
  (*provenance)[key] = json;
  Model model = *this;
  model.provenance_ = std::move(provenance);
  return model;
}

}  // namespace colonnade
