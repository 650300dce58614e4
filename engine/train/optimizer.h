// How gradients change parameters.
#ifndef COLONNADE_ENGINE_TRAIN_OPTIMIZER_H_
#define COLONNADE_ENGINE_TRAIN_OPTIMIZER_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "colonnade/train.h"
#include "engine/model/passes.h"
#include "engine/model/storage.h"
#include "kernels/optimizer.h"

namespace colonnade {

// A method with its state for all parameters of a network. Of a step, BeginStep() comes first; then
// every parameter is updated once.
class OptimizerState {
 public:
  // Takes of the options what concerns the optimizer. They must have passed Check().
  OptimizerState(const TrainOptions& options, const NetworkShape& shape);

  // Counts a step, and sets its learning rate.
  void BeginStep(double rate);

  // What UpdateWeight() reads of a block besides its gradient.
  kernels::ReadNext Reads(const WeightBlock& block, const DenseParameters& parameters) const;

  // Updates a block of weights, given its gradient. Calls for disjoint blocks may run at the same
  // time.
  void UpdateWeight(const WeightBlock& block, kernels::ConstMatrix gradient,
                    DenseParameters& parameters);

  // Updates the bias of `layer`, or its gamma.
  void UpdateBias(size_t layer, kernels::ConstMatrix gradient, DenseParameters& parameters);
  void UpdateGamma(size_t layer, kernels::ConstMatrix gradient, DenseParameters& parameters);

  // What a step takes over from those before it, besides the parameters: these tensors and the
  // count. To go on from a checkpoint, write both back into a state made with the same options.
  struct Tensor {
    std::string name;  // what PyTorch calls it, layer, parameter: "exp_avg.0.weight"
    kernels::Matrix values;
  };
  std::vector<Tensor> Tensors();
  uint64_t steps() const { return steps_; }
  void set_steps(uint64_t steps) { steps_ = steps; }

 private:
  static constexpr size_t kMostMoments = 2;
  using Moments = std::array<kernels::Matrix, kMostMoments>;

  // A running average over the steps, for all parameters.
  struct Moment {
    const char* name;
    std::vector<DenseParameters> layers;
  };

  void Update(OwnedMatrix DenseParameters::* part, size_t layer, kernels::ConstMatrix gradient,
              DenseParameters& parameters);
  void Update(kernels::Matrix parameter, kernels::ConstMatrix gradient,
              const Moments& moments) const;

  Optimizer method_;
  double weight_decay_, beta1_, beta2_;
  uint64_t steps_ = 0;
  // Of the current step; that of the method counts.
  kernels::SgdStep sgd_;
  kernels::AdamStep adam_;
  kernels::RmspropStep rmsprop_;
  std::vector<Moment> moments_;
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_TRAIN_OPTIMIZER_H_
