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
  // The options are those of Resolve().
  Learner(const Dataset& data, const TrainOptions& options);

  size_t batch;  // examples per step, at most those of `data`
  std::shared_ptr<Model::Storage> model;
  Execution execution;
  OptimizerState optimizer;
};

// The options with a loss in place of Loss::kAuto. Throws what Train() throws for data and options.
TrainOptions Resolve(const TrainOptions& options, const Dataset& data);

// How steps of so many examples go with these options.
StepSettings SettingsOf(const TrainOptions& options, size_t examples_per_step);

// Both have the same shape.
void CopyParameters(std::span<const DenseParameters> from, std::span<DenseParameters> to);

// The Euclidean norm of all parameters together, not finite where one of them is not. The same bits
// on every target.
double ParameterNorm(std::span<const DenseParameters> layers);

// Whether all parameters and running statistics are.
bool AreFinite(std::span<const DenseParameters> layers);

// Throws kBadData, beginning with `what`, where the network cannot be trained or measured on
// `data`.
void CheckFits(const char* what, const Dataset& data, const NetworkShape& shape);

// Throws kDiverged with what happened, when ("after step 7"), the layers that have a parameter that
// is not finite, and advice.
[[noreturn]] void ThrowDiverged(const char* what, size_t step, double learning_rate,
                                std::span<const DenseParameters> layers);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_TRAIN_LEARNER_H_
