// SPDX-License-Identifier: Apache-2.0
// How gradients change parameters.
#ifndef COLONNADE_ENGINE_TRAIN_OPTIMIZER_H_
#define COLONNADE_ENGINE_TRAIN_OPTIMIZER_H_

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "colonnade/train.h"
#include "engine/model/passes.h"
#include "engine/model/storage.h"
#include "engine/runtime/execution.h"
#include "kernels/optimizer.h"

namespace colonnade {

// How a method changes parameters: one class for each, in optimizer.cc.
class UpdateRule {
 public:
  static constexpr size_t kMostMoments = 2;
  using Moments = std::array<kernels::Matrix, kMostMoments>;

  virtual ~UpdateRule() = default;

  // `step`: its number, from 1.
  virtual void BeginStep(double rate, uint64_t step) = 0;

  // moments: as many as the method keeps, in the order of its row in colonnade/optimizer.h.
  virtual void Update(kernels::Matrix parameter, kernels::ConstMatrix gradient,
                      const Moments& moments) const = 0;

  // Numbers that a step takes over from those before it, besides the moments.
  virtual std::span<double> Numbers() { return {}; }

  // Of a method that takes the gradient of a layer's weights as a whole, as TakesWhole() says:
  // makes a direction of it, in its place, and follows that with a block of the weights. `widest`:
  // the larger side of all of them. Direct() is not called for two matrices at once, and allocates
  // nothing.
  virtual bool TakesWhole(size_t /*layer*/) const { return false; }
  virtual void Direct(kernels::Matrix /*gradient*/, const Moments& /*moments*/,
                      Execution& /*execution*/) {}
  virtual void Follow(kernels::Matrix /*weight*/, kernels::ConstMatrix /*direction*/,
                      size_t /*widest*/) const {}

  // Of a method that evaluates the network at another point than the one that it changes: writes
  // that point, after a step.
  virtual bool averages() const { return false; }
  virtual void Average(kernels::ConstMatrix /*parameter*/, const Moments& /*moments*/,
                       kernels::Matrix /*to*/) const {}
};

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

  // Whether the weights of that layer, or of any, take their gradient as a whole: Direct() comes
  // first, which makes a direction of it, and UpdateWeight() takes that in its place.
  bool TakesWhole(size_t layer) const { return rule_->TakesWhole(layer); }
  bool takes_whole() const { return takes_whole_; }
  void Direct(size_t layer, kernels::Matrix gradient, Execution& execution);

  // Updates a block of weights, given its gradient. Calls for disjoint blocks may run at the same
  // time.
  void UpdateWeight(const WeightBlock& block, kernels::ConstMatrix gradient,
                    DenseParameters& parameters);

  // Updates the bias of `layer`, or its gamma.
  void UpdateBias(size_t layer, kernels::ConstMatrix gradient, DenseParameters& parameters);
  void UpdateGamma(size_t layer, kernels::ConstMatrix gradient, DenseParameters& parameters);

  // Whether the parameters to evaluate, to keep and to predict with are others than those that the
  // steps change. Average() then writes them, batch normalisation's running statistics included.
  bool averages() const { return !ema_.empty() || rule_->averages(); }
  void Average(const std::vector<DenseParameters>& parameters, std::vector<DenseParameters>& to);

  // What a step takes over from those before it, besides the parameters: these tensors and numbers,
  // and the count. To go on from a checkpoint, write all back into a state made with the same
  // options.
  struct Tensor {
    std::string name;  // what PyTorch calls it, layer, parameter: "exp_avg.0.weight"
    kernels::Matrix values;
  };
  std::vector<Tensor> Tensors();
  std::span<double> Numbers() { return rule_->Numbers(); }
  uint64_t steps() const { return steps_; }
  void set_steps(uint64_t steps) { steps_ = steps; }

 private:
  // A running average over the steps, for all parameters.
  struct Moment {
    const char* name;
    std::vector<DenseParameters> layers;
  };

  void Update(OwnedMatrix DenseParameters::* part, size_t layer, kernels::ConstMatrix gradient,
              DenseParameters& parameters);
  void AddToAverage(OwnedMatrix DenseParameters::* part, size_t layer,
                    const DenseParameters& parameters);
  UpdateRule::Moments MomentsOf(OwnedMatrix DenseParameters::* part, size_t layer);

  std::unique_ptr<UpdateRule> rule_;
  bool takes_whole_ = false;
  uint64_t steps_ = 0;
  std::vector<Moment> moments_;
  // The average that TrainOptions::ema asks for; else without layers.
  double ema_decay_;
  float ema_share_ = 0;  // of this step in it
  std::vector<DenseParameters> ema_;
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_TRAIN_OPTIMIZER_H_
