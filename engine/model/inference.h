// Running a trained model over a dataset.
#ifndef COLONNADE_ENGINE_MODEL_INFERENCE_H_
#define COLONNADE_ENGINE_MODEL_INFERENCE_H_

#include <functional>

#include "colonnade/dataset.h"
#include "engine/model/storage.h"
#include "engine/runtime/execution.h"

namespace colonnade {

// Calls visit(first, logits) for consecutive blocks of examples that together cover `data`:
// `logits` (classes × examples of the block) belongs to the examples from `first` on, and may be
// overwritten. Blocks run in parallel, so visit must only touch what belongs to its examples; it
// must not throw. Throws kBadData where the data do not have the features of the model.
void ForEachLogits(const Model::Storage& model, const Dataset& data, Execution& execution,
                   const std::function<void(size_t first, kernels::Matrix logits)>& visit);

// The class that each column of logits tells; see Model::Classes().
void StoreClasses(const NetworkShape& shape, kernels::ConstMatrix z, uint32_t* to);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_MODEL_INFERENCE_H_
