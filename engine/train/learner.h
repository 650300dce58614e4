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

// What a member of an ensemble has from the whole.
struct Membership {
  const Model::Storage& fit;  // FitModel()
  double share = 1;           // of TrainOptions::max_seconds
};

// A model of the network that the options say for these data, fitted to them, without parameters.
// The options are those of TrainOptions::Resolve().
std::shared_ptr<Model::Storage> FitModel(const Dataset& data, const TrainOptions& options);

// Throws kInvalidArgument where so many trainings at once, and all members of an ensemble, do not
// fit into the memory of the machine.
void RequireMemory(const NetworkShape& shape, const TrainOptions& options, size_t at_once = 1);

// What a training starts with: parameters as the options say, and an optimizer without memory.
struct Learner {
  // The options are those of TrainOptions::Resolve(). of: null for a model that stands alone.
  Learner(const Dataset& data, const TrainOptions& options, const Membership* of = nullptr);

  // The model to evaluate, to keep and to predict with: `model`, or where the optimizer averages,
  // another, as it is now. Each call changes that of the calls before.
  const std::shared_ptr<Model::Storage>& Evaluated();

  size_t batch;                           // examples per step, at most those of `data`
  std::shared_ptr<Model::Storage> model;  // that the steps change
  Execution execution;
  OptimizerState optimizer;
  std::shared_ptr<Model::Storage> average;  // where the optimizer averages
};

// A model like that, with parameters of its own.
std::shared_ptr<Model::Storage> CopyOf(const Model::Storage& model);

// Bytes for parameters, their starting values, transposed copy, averages and optimizer state,
// with what the optimizer works in.
double MemoryFor(const NetworkShape& shape, const TrainOptions& options);

// How steps of so many examples go with these options.
StepSettings SettingsOf(const TrainOptions& options, size_t examples_per_step);

// The Euclidean norm of all parameters together, not finite where one of them is not. The same bits
// on every target.
double ParameterNorm(std::span<const DenseParameters> layers);

// Whether all parameters and running statistics are.
bool AreFinite(std::span<const DenseParameters> layers);

// Throws kBadData, with `what` for its subject, where the network cannot be trained or measured on
// `data`.
void RequireMatch(const char* what, const Dataset& data, size_t features,
                  const NetworkShape& shape);

// Throw kDiverged where the loss of a step is not finite, or where a parameter is not: with the
// step, counted from 1, the layers that have such a parameter, and advice.
void RequireFiniteLoss(const BatchLoss& loss, size_t step, double learning_rate,
                       std::span<const DenseParameters> layers);
void RequireFiniteParameters(size_t step, double learning_rate,
                             std::span<const DenseParameters> layers);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_TRAIN_LEARNER_H_
