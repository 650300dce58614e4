// SPDX-License-Identifier: Apache-2.0
// Running a trained model: over examples in memory, by the calling thread.
#ifndef COLONNADE_ENGINE_MODEL_PREDICT_H_
#define COLONNADE_ENGINE_MODEL_PREDICT_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "colonnade/model.h"
#include "engine/model/workspace.h"

namespace colonnade {

// What Model's functions over spans say, in a workspace that grows where it must, `block` examples
// at a time, at least 1. The bits do not depend on `block`.
void PredictLogits(const Model& model, Workspace& workspace, size_t block,
                   std::span<const float> examples, std::span<float> logits);
void PredictProbabilities(const Model& model, Workspace& workspace, size_t block,
                          std::span<const float> examples, std::span<float> probabilities);
void PredictClasses(const Model& model, Workspace& workspace, size_t block,
                    std::span<const float> examples, std::span<uint32_t> classes);
void PredictValues(const Model& model, Workspace& workspace, size_t block,
                   std::span<const float> examples, std::span<float> values);
void PredictValues(const Model& model, Workspace& workspace, size_t block,
                   std::span<const float> examples, std::span<double> values);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_MODEL_PREDICT_H_
