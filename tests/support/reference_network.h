// SPDX-License-Identifier: Apache-2.0
// A network in double precision, written for clarity: what the engine is checked against.
#ifndef COLONNADE_TESTS_SUPPORT_REFERENCE_NETWORK_H_
#define COLONNADE_TESTS_SUPPORT_REFERENCE_NETWORK_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "colonnade/dataset.h"
#include "colonnade/model.h"

namespace colonnade::test {

// weight[o * inputs + i], bias[o] and the activation of each layer; with batch normalisation also
// gamma[o] and the running statistics.
struct ReferenceNetwork {
  struct Dense {
    Layer shape;
    std::vector<double> weight, bias, gamma, running_mean, running_variance;
  };
  std::vector<Dense> layers;

  // Dropout of the hidden layers' outputs, as it is in the first step of a training with that seed.
  double dropout = 0;
  uint64_t seed = 0;

  explicit ReferenceNetwork(const Model& model);

  // Network outputs for one example whose values are already scaled, as a prediction: without
  // dropout, normalised by the running statistics.
  std::vector<double> Logits(const std::vector<double>& x) const;

  // Network outputs for each of the examples, one after the other, of a batch that a training step
  // works on.
  std::vector<std::vector<double>> BatchLogits(const std::vector<double>& inputs) const;

  // Mean cross-entropy of a training step over examples [0, examples) of `inputs`, one example
  // after the other.
  double Loss(const std::vector<double>& inputs, const std::vector<uint32_t>& labels) const;

  // All parameters in file order: weight, gamma if there is one, bias, weight, …
  std::vector<double*> Parameters();
};

// Example values of a dataset after scaling, one example after the other.
std::vector<double> ScaledValues(const Dataset& data, const Scaling& scaling);

// All parameters of a model in the same order.
std::vector<float> ParametersOf(const Model& model);

}  // namespace colonnade::test

#endif  // COLONNADE_TESTS_SUPPORT_REFERENCE_NETWORK_H_
