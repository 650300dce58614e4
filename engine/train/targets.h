// SPDX-License-Identifier: Apache-2.0
// How numbers to predict are scaled for the training.
#ifndef COLONNADE_ENGINE_TRAIN_TARGETS_H_
#define COLONNADE_ENGINE_TRAIN_TARGETS_H_

#include <vector>

#include "colonnade/train.h"
#include "engine/model/storage.h"
#include "engine/runtime/execution.h"

namespace colonnade {

// To mean 0 and variance 1, weighted, of what the options want of the targets; nothing where the
// data have none. kAuto is kStandard here. With Loss::kPoisson to mean 1.
TargetScaling FitTargets(const TrainOptions& options, const Dataset& data);

// Throws kInvalidArgument where a target cannot be learned so: it has no logarithm.
void CheckTargets(const TargetScaling& scaling, const Dataset& data);

// TargetScaling::levels.
std::vector<float> LevelsOf(const TrainOptions& options);

// TargetScaling::smearing of a model that was trained on these data: the logarithm of the mean of
// the exponentials of its residuals.
float FitSmearing(const Model::Storage& model, const Dataset& data, Execution& execution);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_TRAIN_TARGETS_H_
