// SPDX-License-Identifier: Apache-2.0
#include "colonnade/model.h"

#include <fmt/format.h>

#include <cassert>
#include <cmath>
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
  const size_t inputs = shape.inputs();
  if (auto mismatch = FindMismatch("scaling.offset", scaling.offset, inputs)) return mismatch;
  if (auto mismatch = FindMismatch("scaling.scale", scaling.scale, inputs)) return mismatch;
  if (schema.features != inputs) return differ("schema.features", schema.features, inputs);
  if (auto mismatch = FindMismatch(schema)) return mismatch;
  if (shape.output != OutputKind::kSoftmax && shape.outputs() != 1) {
    return differ("outputs", shape.outputs(), 1);
  }
  const size_t classes = ClassesOf(shape);
  if (schema.classes.size() != classes) {
    return differ("schema.classes", schema.classes.size(), classes);
  }
  if (!std::isfinite(target.offset) || !std::isfinite(target.scale) || target.scale <= 0) {
    return ErrorDetails{.subject = "target",
                        .found = fmt::format("offset {} and scale {}", target.offset, target.scale),
                        .expected = "finite numbers, scale > 0"};
  }
  return {};
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
  if (parameters.size() != shape.layers.size()) {
    Refuse({.subject = "parameters",
            .found = fmt::format("{} layers", parameters.size()),
            .expected = fmt::to_string(shape.layers.size())});
  }
  auto storage = std::make_shared<Model::Storage>();
  for (size_t l = 0; l < parameters.size(); ++l) {
    const Layer& layer = shape.layers[l];
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
  storage->target = target;
  return storage;
}

}  // namespace

Model::Model(std::shared_ptr<Storage> storage) : storage_(std::move(storage)) {
  storage_->padded_scaling = PaddedScaling(storage_->scaling);
  storage_->folded.clear();
  if (!shape().batch_norm()) return;
  for (size_t l = 0; l < storage_->layers.size(); ++l) {
    storage_->folded.push_back(shape().layers[l].batch_norm ? FoldBatchNorm(storage_->layers[l])
                                                            : DenseParameters(Layer()));
  }
}

Model::Model(NetworkShape shape, std::span<const LayerParameters> parameters, Scaling scaling,
             Schema schema, TargetScaling target)
    : Model(MakeStorage(std::move(shape), parameters, std::move(scaling), std::move(schema),
                        target)) {}

const NetworkShape& Model::shape() const noexcept { return storage_->shape; }
const Scaling& Model::scaling() const noexcept { return storage_->scaling; }
const Schema& Model::schema() const noexcept { return storage_->schema; }
const TargetScaling& Model::target_scaling() const noexcept { return storage_->target; }
bool Model::regression() const noexcept { return shape().output == OutputKind::kLinear; }

LayerParameters Model::parameters(size_t layer) const {
  assert(layer < storage_->layers.size());
  const DenseParameters& from = std::as_const(storage_->layers[layer]);
  return {.weight = ToRowMajor(from.weight.view()),
          .bias = ToRowMajor(from.bias.view()),
          .gamma = ToRowMajor(from.gamma.view()),
          .running_mean = ToRowMajor(from.running_mean.view()),
          .running_variance = ToRowMajor(from.running_variance.view())};
}

std::string Model::ParametersHash() const {
  Hash128 hash;
  for (size_t l = 0; l < storage_->layers.size(); ++l) {
    const LayerParameters layer = parameters(l);
    for (const std::vector<float>* values :
         {&layer.weight, &layer.gamma, &layer.bias, &layer.running_mean, &layer.running_variance}) {
      hash.Add(values->data(), values->size() * sizeof(float));
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
