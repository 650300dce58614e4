// SPDX-License-Identifier: Apache-2.0
#include "colonnade/network.h"

#include <fmt/format.h>

#include <algorithm>

#include "colonnade/error.h"
#include "engine/model/storage.h"

namespace colonnade {
namespace {

void CheckWidth(const std::string& field, size_t width) {
  if (width >= 1 && width <= kMaxWidth) return;
  throw Error(ErrorCode::kInvalidArgument,
              ErrorDetails{.subject = field,
                           .found = fmt::to_string(width),
                           .expected = fmt::format("1 to {}", kMaxWidth)});
}

}  // namespace

NetworkShape NetworkShape::Mlp(size_t inputs, std::span<const size_t> hidden, size_t outputs,
                               Activation activation) {
  return Mlp(inputs, hidden, outputs, std::vector<Activation>(hidden.size(), activation));
}

NetworkShape NetworkShape::Mlp(size_t inputs, std::span<const size_t> hidden, size_t outputs,
                               std::span<const Activation> activations) {
  if (activations.size() != hidden.size()) {
    throw Error(ErrorCode::kInvalidArgument,
                ErrorDetails{.subject = "activations",
                             .found = fmt::to_string(activations.size()),
                             .expected = fmt::format("{} (one per hidden layer)", hidden.size())});
  }
  CheckWidth("inputs", inputs);
  for (size_t i = 0; i < hidden.size(); ++i) CheckWidth(fmt::format("hidden[{}]", i), hidden[i]);
  CheckWidth("outputs", outputs);

  NetworkShape shape;
  for (size_t i = 0; i < hidden.size(); ++i) {
    shape.layers.push_back({.inputs = inputs, .outputs = hidden[i], .activation = activations[i]});
    inputs = hidden[i];
  }
  shape.layers.push_back(
      {.inputs = inputs, .outputs = outputs, .activation = Activation::kIdentity});
  return shape;
}

size_t NetworkShape::parameters() const {
  size_t sum = 0;
  for (const Layer& layer : layers) {
    sum += (layer.inputs + 1 + (layer.batch_norm ? 1 : 0)) * layer.outputs;
  }
  return sum;
}

bool NetworkShape::batch_norm() const { return std::ranges::any_of(layers, &Layer::batch_norm); }

std::string NetworkShape::Widths() const {
  std::string text = std::to_string(inputs());
  for (const Layer& layer : layers) text += '-' + std::to_string(layer.outputs);
  return text;
}

}  // namespace colonnade
