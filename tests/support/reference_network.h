// A network in double precision, written for clarity: what the engine is checked against.
#ifndef COLONNADE_TESTS_SUPPORT_REFERENCE_NETWORK_H_
#define COLONNADE_TESTS_SUPPORT_REFERENCE_NETWORK_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "colonnade/dataset.h"
#include "colonnade/model.h"

namespace colonnade::test {

// weight[o * inputs + i], bias[o] and the activation of each layer.
struct ReferenceNetwork {
  struct Dense {
    size_t inputs, outputs;
    Activation activation;
    std::vector<double> weight, bias;
  };
  std::vector<Dense> layers;

  // Dropout of the hidden layers' outputs, as it is in the first step of a training with that seed.
  double dropout = 0;
  uint64_t seed = 0;

  explicit ReferenceNetwork(const Model& model);

  // Network outputs for one example whose values are already scaled, the one at `column` of a
  // batch.
  std::vector<double> Logits(std::vector<double> x, size_t column = 0) const;

  // Mean cross-entropy over examples [0, examples) of `inputs`, one example after the other.
  double Loss(const std::vector<double>& inputs, const std::vector<uint32_t>& labels) const;

  // All parameters in file order: weight, bias, weight, …
  std::vector<double*> Parameters();
};

// Example values of a dataset after scaling, one example after the other.
std::vector<double> ScaledValues(const Dataset& data, const Scaling& scaling);

// All parameters of a model in the same order.
std::vector<float> ParametersOf(const Model& model);

}  // namespace colonnade::test

#endif  // COLONNADE_TESTS_SUPPORT_REFERENCE_NETWORK_H_
