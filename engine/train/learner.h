// SPDX-License-Identifier: Apache-2.0
// A network and what changes it.
#ifndef COLONNADE_ENGINE_TRAIN_LEARNER_H_
#define COLONNADE_ENGINE_TRAIN_LEARNER_H_

#include <cstddef>
#include <memory>
#include <span>

#include "colonnade/dataset.h"
#include "colonnade/train.h"
#include "engine/model/storage.h"
#include "engine/runtime/execution.h"
#include "engine/train/optimizer.h"
#include "engine/train/step.h"

namespace colonnade {

// What a training starts with: parameters as the options say, and an optimizer without memory.
struct Learner {
  // The options are those of TrainOptions::Resolve().
  Learner(const Dataset& data, const TrainOptions& options);

  size_t batch;  // examples per step, at most those of `data`
  std::shared_ptr<Model::Storage> model;
  Execution execution;
  OptimizerState optimizer;
};

// How steps of so many examples go with these options.
StepSettings SettingsOf(const TrainOptions& options, size_t examples_per_step);

// Both have the same shape.
void CopyParameters(std::span<const DenseParameters> from, std::span<DenseParameters> to);

// The Euclidean norm of all parameters together, not finite where one of them is not. The same bits
// on every target.
double ParameterNorm(std::span<const DenseParameters> layers);

// Whether all parameters and running statistics are.
bool AreFinite(std::span<const DenseParameters> layers);

// Throws kBadData, with `what` for its subject, where the network cannot be trained or measured on
// `data`.
void RequireMatch(const char* what, const Dataset& data, const NetworkShape& shape);

// Throw kDiverged where the loss of a step is not finite, or where a parameter is not: with the
// step, counted from 1, the layers that have such a parameter, and advice.
void RequireFiniteLoss(const BatchLoss& loss, size_t step, double learning_rate,
                       std::span<const DenseParameters> layers);
void RequireFiniteParameters(size_t step, double learning_rate,
                             std::span<const DenseParameters> layers);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_TRAIN_LEARNER_H_
