// SPDX-License-Identifier: Apache-2.0
#include "engine/model/initialization.h"

#include <algorithm>
#include <cmath>

#include "engine/runtime/random.h"

namespace colonnade {

std::vector<DenseParameters> ZeroParameters(const NetworkShape& shape) {
  std::vector<DenseParameters> layers;
  layers.reserve(shape.layers.size());
  for (const Layer& layer : shape.layers) layers.emplace_back(layer);
  return layers;
}

namespace {

// As ZeroParameters(), but with batch normalisation that does nothing yet.
std::vector<DenseParameters> PlainParameters(const NetworkShape& shape) {
  std::vector<DenseParameters> layers = ZeroParameters(shape);
  for (DenseParameters& layer : layers) {
    for (OwnedMatrix* part : {&layer.gamma, &layer.running_variance}) {
      if (part->cols() > 0) std::fill_n(part->view().data, part->rows(), 1.0f);
    }
  }
  return layers;
}

}  // namespace

std::vector<DenseParameters> HeParameters(const NetworkShape& shape, uint64_t seed) {
  std::vector<DenseParameters> layers = PlainParameters(shape);
  for (size_t l = 0; l < layers.size(); ++l) {
    const auto inputs = static_cast<double>(shape.layers[l].inputs);
    std::vector<float> values(shape.layers[l].inputs * shape.layers[l].outputs);
    Random(seed, RandomStream::kWeights, static_cast<uint32_t>(l))
        .Normal(values, static_cast<float>(std::sqrt(2 / inputs)));
    FromRowMajor(values, layers[l].weight.view());
  }
  return layers;
}

std::vector<DenseParameters> UniformParameters(const NetworkShape& shape, uint64_t seed) {
  std::vector<DenseParameters> layers = PlainParameters(shape);
  for (size_t l = 0; l < layers.size(); ++l) {
    const auto substream = static_cast<uint32_t>(l);
    std::vector<float> values(shape.layers[l].inputs * shape.layers[l].outputs);
    Random(seed, RandomStream::kWeights, substream).Uniform(values, -0.5f, 0.5f);
    FromRowMajor(values, layers[l].weight.view());
    Random(seed, RandomStream::kBiases, substream)
        .Uniform({layers[l].bias.view().data, shape.layers[l].outputs}, -0.5f, 0.5f);
  }
  return layers;
}

void CopyParameters(std::span<const DenseParameters> from, std::span<DenseParameters> to) {
  const auto copy = [](kernels::ConstMatrix a, kernels::Matrix b) {
    std::copy_n(a.data, a.stride * a.cols, b.data);
  };
  for (size_t l = 0; l < from.size(); ++l) {
    for (const auto& [name, matrix] : kLearnedParts) {
      copy((from[l].*matrix).view(), (to[l].*matrix).view());
    }
    for (const auto& [name, matrix] : kRunningParts) {
      copy((from[l].*matrix).view(), (to[l].*matrix).view());
    }
  }
}

}  // namespace colonnade
