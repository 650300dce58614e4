// SPDX-License-Identifier: Apache-2.0
#include "tests/support/reference_network.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/runtime/random.h"
#include "tests/support/reference_activations.h"

namespace colonnade::test {

namespace {

// Whether element (row, column) of what a layer gives is dropped in step 1: kernels/dropout.h.
bool IsDropped(uint64_t seed, double probability, size_t layer, size_t row, size_t column) {
  const auto substream = static_cast<uint32_t>((layer << 18) + row / 64 * 16 + row % 16);
  const uint64_t index = uint64_t{1} << 32 | column;
  const Random random(seed, RandomStream::kDropout, substream);
  return random.Block(index)[row / 16 % 4] < probability * 0x1p32;
}

// A batch: the values of each example.
using Batch = std::vector<std::vector<double>>;

// Each unit to mean 0 and variance 1 over the batch, or by the running statistics.
void Normalize(const ReferenceNetwork::Dense& layer, bool by_batch, Batch& z) {
  const auto n = static_cast<double>(z.size());
  for (size_t o = 0; o < layer.shape.outputs; ++o) {
    double mean = layer.running_mean[o];
    double variance = layer.running_variance[o];
    if (by_batch) {
      mean = 0;
      for (const std::vector<double>& example : z) mean += example[o] / n;
      variance = 0;
      for (const std::vector<double>& example : z) variance += std::pow(example[o] - mean, 2) / n;
    }
    for (std::vector<double>& example : z) {
      example[o] = layer.gamma[o] * (example[o] - mean) / std::sqrt(variance + 1e-5);
    }
  }
}

Batch Forward(const ReferenceNetwork& network, Batch x, bool training) {
  for (size_t l = 0; l < network.layers.size(); ++l) {
    const ReferenceNetwork::Dense& layer = network.layers[l];
    const auto [inputs, outputs, activation, batch_norm] = layer.shape;
    const auto value = ReferenceOf(activation).value;
    Batch z(x.size(), std::vector<double>(outputs));
    for (size_t e = 0; e < x.size(); ++e) {
      for (size_t o = 0; o < outputs; ++o) {
        for (size_t i = 0; i < inputs; ++i) z[e][o] += layer.weight[o * inputs + i] * x[e][i];
      }
    }
    if (batch_norm) Normalize(layer, training && x.size() > 1, z);
    for (size_t e = 0; e < x.size(); ++e) {
      for (size_t o = 0; o < outputs; ++o) {
        z[e][o] = value(z[e][o] + layer.bias[o]);
        if (!training || network.dropout == 0 || l + 1 == network.layers.size()) continue;
        const bool dropped = IsDropped(network.seed, network.dropout, l, o, e);
        z[e][o] = dropped ? 0 : z[e][o] / (1 - network.dropout);
      }
    }
    x = std::move(z);
  }
  return x;
}

}  // namespace

ReferenceNetwork::ReferenceNetwork(const Model& model) {
  for (size_t l = 0; l < model.shape().layers.size(); ++l) {
    const LayerParameters p = model.parameters(l);
    layers.push_back({model.shape().layers[l],
                      {p.weight.begin(), p.weight.end()},
                      {p.bias.begin(), p.bias.end()},
                      {p.gamma.begin(), p.gamma.end()},
                      {p.running_mean.begin(), p.running_mean.end()},
                      {p.running_variance.begin(), p.running_variance.end()}});
  }
}

std::vector<double> ReferenceNetwork::Logits(const std::vector<double>& x) const {
  return Forward(*this, {x}, false).front();
}

std::vector<std::vector<double>> ReferenceNetwork::BatchLogits(
    const std::vector<double>& inputs) const {
  const auto features = static_cast<ptrdiff_t>(layers.front().shape.inputs);
  Batch batch;
  for (auto begin = inputs.begin(); begin != inputs.end(); begin += features) {
    batch.emplace_back(begin, begin + features);
  }
  return Forward(*this, std::move(batch), true);
}

double ReferenceNetwork::Loss(const std::vector<double>& inputs,
                              const std::vector<uint32_t>& labels) const {
  double sum = 0;
  const Batch logits = BatchLogits(inputs);
  for (size_t e = 0; e < labels.size(); ++e) {
    const std::vector<double>& z = logits[e];
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
    for (double& g : layer.gamma) all.push_back(&g);
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
    all.insert(all.end(), p.gamma.begin(), p.gamma.end());
    all.insert(all.end(), p.bias.begin(), p.bias.end());
  }
  return all;
}

}  // namespace colonnade::test
