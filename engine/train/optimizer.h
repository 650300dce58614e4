// How gradients change parameters.
#ifndef COLONNADE_ENGINE_TRAIN_OPTIMIZER_H_
#define COLONNADE_ENGINE_TRAIN_OPTIMIZER_H_

#include <vector>

#include "colonnade/train.h"
#include "engine/model/passes.h"
#include "engine/model/storage.h"

namespace colonnade {

// A method with its state for all parameters of a network.
class OptimizerState {
 public:
  OptimizerState(Optimizer method, double momentum, const NetworkShape& shape);

  // What UpdateWeight() reads of a block besides its gradient.
  kernels::ReadNext Reads(const WeightBlock& block, const DenseParameters& parameters) const;

  // Updates a block of weights, given its gradient. Calls for disjoint blocks may run at the same
  // time.
  void UpdateWeight(const WeightBlock& block, kernels::ConstMatrix gradient, double rate,
                    DenseParameters& parameters);

  // Updates the bias of `layer`.
  void UpdateBias(size_t layer, kernels::ConstMatrix gradient, double rate,
                  DenseParameters& parameters);

 private:
  void Update(kernels::Matrix parameter, kernels::ConstMatrix gradient, kernels::Matrix velocity,
              double rate) const;

  Optimizer method_;
  float momentum_;
  std::vector<DenseParameters> velocity_;  // one per layer, or none for kSgd
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_TRAIN_OPTIMIZER_H_
