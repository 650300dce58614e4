// SPDX-License-Identifier: Apache-2.0
// Running a trained model: over a dataset, by all threads.
#ifndef COLONNADE_ENGINE_MODEL_INFERENCE_H_
#define COLONNADE_ENGINE_MODEL_INFERENCE_H_

#include <functional>

#include "colonnade/dataset.h"
#include "engine/model/storage.h"
#include "engine/model/workspace.h"
#include "engine/runtime/execution.h"

namespace colonnade {

// Calls visit(first, logits) for consecutive blocks of examples that together cover `data`:
// `logits`, as RunLayers() gives them, belongs to the examples from `first` on, and may be
// overwritten. Blocks run in parallel, so visit must only touch what belongs to its examples; it
// must not throw. Throws kBadData where the data do not have the features of the model.
void ForEachLogits(const Model::Storage& model, const Dataset& data, Execution& execution,
                   const std::function<void(size_t first, kernels::Matrix logits)>& visit);

// All layers over a block of the workspace's inputs; returns the logits, in the workspace: a column
// per example. Those of an ensemble that tells classes are as if of a single network; one that
// predicts numbers gives a row per member. nonzeros: of `inputs`, or with null data.
kernels::Matrix RunLayers(const Model::Storage& model, kernels::Matrix inputs,
                          kernels::ConstNonzeros nonzeros, Workspace& workspace);

// Throws kInvalidArgument unless the model predicts numbers (true) or classes (false).
void RequireKind(const Model& model, bool regression);

// What the columns of logits tell, one example after the other as Model's functions have it. The
// probabilities take the place of the logits on their way.
void StoreLogits(kernels::ConstMatrix z, float* to);
void StoreOutputs(const NetworkShape& shape, kernels::ConstMatrix z, float* to);  // Logits()
void LoadLogits(const float* from, kernels::Matrix z);  // what StoreLogits() stored
void StoreProbabilities(const NetworkShape& shape, kernels::Matrix z, float* to);
void StoreClasses(const NetworkShape& shape, kernels::ConstMatrix z, uint32_t* to);
void StoreValues(const Model::Storage& model, kernels::ConstMatrix z, float* to);
void StoreValues(const Model::Storage& model, kernels::ConstMatrix z, double* to);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_MODEL_INFERENCE_H_
