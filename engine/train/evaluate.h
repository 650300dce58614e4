// SPDX-License-Identifier: Apache-2.0
#ifndef COLONNADE_ENGINE_TRAIN_EVALUATE_H_
#define COLONNADE_ENGINE_TRAIN_EVALUATE_H_

#include <span>

#include "colonnade/evaluate.h"

namespace colonnade {

// Evaluate() of several models over the data of each, as if one model had predicted all of them.
// The models have the same outputs and classes, and there is at least one.
Evaluation EvaluateTogether(std::span<const Model> models, std::span<const Dataset> data,
                            int threads);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_TRAIN_EVALUATE_H_
