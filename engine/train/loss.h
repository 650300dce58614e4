// SPDX-License-Identifier: Apache-2.0
// What training makes small.
#ifndef COLONNADE_ENGINE_TRAIN_LOSS_H_
#define COLONNADE_ENGINE_TRAIN_LOSS_H_

#include <cstdint>
#include <span>
#include <vector>

#include "colonnade/train.h"
#include "engine/runtime/aligned.h"
#include "kernels/matrix.h"

namespace colonnade {

// Throws kInvalidArgument where an option of the loss is out of range, or two of them contradict.
void CheckLossOptions(const TrainOptions& options);

// The loss that the options mean for these data. Throws kInvalidArgument where options and data do
// not go together.
Loss ResolveLoss(const TrainOptions& options, const Dataset& data);

// The loss of a training run, with the labels, targets and weights of its data.
class LossFunction {
 public:
  // Throws as ResolveLoss(). Keeps a reference to `data`.
  LossFunction(const TrainOptions& options, const Dataset& data, const TargetScaling& target);

  // Makes room for batches of so many columns.
  void Reserve(size_t columns);

  // Whether examples count differently, so that Hits() has the correct predictions.
  bool weighted() const { return !data_.weights().empty(); }

  // The sum of what the examples count: for the loss, and for the accuracy.
  double LossWeight(std::span<const uint32_t> indices) const;
  double Weight(std::span<const uint32_t> indices) const;

  // Replaces the outputs for examples indices[0 .. z.cols) by the gradient of scale · Σ losses, and
  // writes the losses, each times its weight. `first`: the place of the first one in the batch;
  // calls for different places may run at the same time. Returns how many predictions are right,
  // unless weighted().
  size_t Apply(kernels::Matrix z, const uint32_t* indices, size_t first, float scale,
               float* losses);

  // Per place in the batch the weight of the example if its prediction is right, else 0.
  std::span<const float> Hits() const { return hits_; }

 private:
  size_t Classify(kernels::Matrix z, const uint32_t* indices, size_t first, float scale,
                  float* losses);

  const Dataset& data_;
  Loss loss_;
  TargetScaling target_;
  float huber_delta_;
  float smoothing_;
  bool soft_;                           // labels need SoftCrossEntropy()
  AlignedBuffer<float> class_weights_;  // one per class; zeros in the padding
  bool has_class_weights_ = false;

  // Per column of the batch.
  std::vector<uint32_t> labels_, predictions_;
  std::vector<float> targets_, weights_, hits_;
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_TRAIN_LOSS_H_
