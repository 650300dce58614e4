#include "tests/support/reference_network.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "engine/runtime/random.h"

namespace colonnade::test {

namespace {

double Apply(Activation activation, double z) {
  switch (activation) {
    case Activation::kIdentity:
      return z;
    case Activation::kRelu:
      return std::max(z, 0.0);
    case Activation::kLeakyRelu:
      return z < 0 ? double{0.01f} * z : z;
    case Activation::kElu:
      return z < 0 ? std::expm1(z) : z;
    case Activation::kGelu:
      return z * std::erfc(-z / std::numbers::sqrt2) / 2;
    case Activation::kSilu:
      return z / (1 + std::exp(-z));
    case Activation::kTanh:
      return std::tanh(z);
    case Activation::kSigmoid:
      return 1 / (1 + std::exp(-z));
  }
  return z;
}

// Whether element (row, column) of what a layer gives is dropped in step 1: kernels/dropout.h.
bool IsDropped(uint64_t seed, double probability, size_t layer, size_t row, size_t column) {
  const auto substream = static_cast<uint32_t>((layer << 18) + row / 64 * 16 + row % 16);
  const uint64_t index = uint64_t{1} << 32 | column;
  const Random random(seed, RandomStream::kDropout, substream);
  return random.Block(index)[row / 16 % 4] < probability * 0x1p32;
}

}  // namespace

ReferenceNetwork::ReferenceNetwork(const Model& model) {
  for (size_t l = 0; l < model.shape().layers.size(); ++l) {
    const Layer& shape = model.shape().layers[l];
    const LayerParameters p = model.parameters(l);
    layers.push_back({shape.inputs,
                      shape.outputs,
                      shape.activation,
                      {p.weight.begin(), p.weight.end()},
                      {p.bias.begin(), p.bias.end()}});
  }
}

std::vector<double> ReferenceNetwork::Logits(std::vector<double> x, size_t column) const {
  for (size_t l = 0; l < layers.size(); ++l) {
    const Dense& layer = layers[l];
    std::vector<double> z = layer.bias;
    for (size_t o = 0; o < layer.outputs; ++o) {
      for (size_t i = 0; i < layer.inputs; ++i) z[o] += layer.weight[o * layer.inputs + i] * x[i];
      z[o] = Apply(layer.activation, z[o]);
      if (dropout == 0 || l + 1 == layers.size()) continue;
      z[o] = IsDropped(seed, dropout, l, o, column) ? 0 : z[o] / (1 - dropout);
    }
    x = std::move(z);
  }
  return x;
}

double ReferenceNetwork::Loss(const std::vector<double>& inputs,
                              const std::vector<uint32_t>& labels) const {
  const auto features = static_cast<ptrdiff_t>(layers.front().inputs);
  double sum = 0;
  for (size_t e = 0; e < labels.size(); ++e) {
    const auto begin = inputs.begin() + static_cast<ptrdiff_t>(e) * features;
    const std::vector<double> z = Logits({begin, begin + features}, e);
    const double max = *std::max_element(z.begin(), z.end());
    double total = 0;
    for (const double value : z) total += std::exp(value - max);
    sum += std::log(total) + max - z[labels[e]];
  }
  return sum / static_cast<double>(labels.size());
}

std::vector<double*> ReferenceNetwork::Parameters() {
  std::vector<double*> all;
  for (Dense& layer : layers) {
    for (double& w : layer.weight) all.push_back(&w);
    for (double& b : layer.bias) all.push_back(&b);
  }
  return all;
}

std::vector<double> ScaledValues(const Dataset& data, const Scaling& scaling) {
  std::vector<double> values;
  for (size_t e = 0; e < data.examples(); ++e) {
    for (size_t f = 0; f < data.features(); ++f) {
      const size_t at = e * data.stride() + f;
      const double x = data.element_type() == ElementType::kU8
                           ? static_cast<double>(data.bytes()[at])
                           : static_cast<double>(data.floats()[at]);
      values.push_back((x - static_cast<double>(scaling.offset[f])) *
                       static_cast<double>(scaling.scale[f]));
    }
  }
  return values;
}

std::vector<float> ParametersOf(const Model& model) {
  std::vector<float> all;
  for (size_t l = 0; l < model.shape().layers.size(); ++l) {
    const LayerParameters p = model.parameters(l);
    all.insert(all.end(), p.weight.begin(), p.weight.end());
    all.insert(all.end(), p.bias.begin(), p.bias.end());
  }
  return all;
}

}  // namespace colonnade::test
