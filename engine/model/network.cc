#include "colonnade/network.h"

#include <fmt/format.h>

#include "colonnade/error.h"
#include "engine/model/storage.h"

namespace colonnade {
namespace {

void CheckWidth(const std::string& field, size_t width) {
  if (width >= 1 && width <= kMaxWidth) return;
  throw Error(ErrorCode::kInvalidArgument,
              fmt::format("{}: found {}, expected 1 to {}", field, width, kMaxWidth));
}

}  // namespace

NetworkShape NetworkShape::Mlp(size_t inputs, std::span<const size_t> hidden, size_t outputs,
                               Activation activation) {
  CheckWidth("inputs", inputs);
  for (size_t i = 0; i < hidden.size(); ++i) CheckWidth(fmt::format("hidden[{}]", i), hidden[i]);
  CheckWidth("outputs", outputs);

  NetworkShape shape;
  for (const size_t width : hidden) {
    shape.layers.push_back({.inputs = inputs, .outputs = width, .activation = activation});
    inputs = width;
  }
  shape.layers.push_back(
      {.inputs = inputs, .outputs = outputs, .activation = Activation::kIdentity});
  return shape;
}

size_t NetworkShape::parameters() const {
  size_t sum = 0;
  for (const Layer& layer : layers) sum += (layer.inputs + 1) * layer.outputs;
  return sum;
}

std::string NetworkShape::Widths() const {
  std::string text = std::to_string(inputs());
  for (const Layer& layer : layers) text += '-' + std::to_string(layer.outputs);
  return text;
}

}  // namespace colonnade
