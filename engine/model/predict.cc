// SPDX-License-Identifier: Apache-2.0
#include "engine/model/predict.h"

#include <fmt/format.h>

#include <algorithm>

#include "colonnade/error.h"
#include "engine/model/forward.h"
#include "engine/model/inference.h"
#include "engine/runtime/floating_point.h"
#include "kernels/convert.h"
#include "kernels/encode.h"

namespace colonnade {
namespace {

void RequireSizes(size_t values, size_t features, size_t results, size_t results_each) {
  const size_t count = values / features;
  if (values != count * features) {
    throw Error(ErrorCode::kBadData,
                ErrorDetails{.subject = "examples",
                             .found = fmt::format("{} values", values),
                             .expected = fmt::format("a multiple of {} (as the model has features)",
                                                     features)});
  }
  if (results != count * results_each) {
    throw Error(ErrorCode::kInvalidArgument,
                ErrorDetails{.subject = "output",
                             .found = fmt::format("room for {} values", results),
                             .expected = fmt::format("{} ({} for each of {} examples)",
                                                     results_each * count, results_each, count)});
  }
}

// Calls store(logits, to) for block after block of `examples`, `to` being where the results of the
// block begin; each example has `results_each`.
template <class T, class Store>
void Predict(const Model::Storage& model, Workspace& workspace, size_t block,
             std::span<const float> examples, std::span<T> results, size_t results_each,
             const Store& store) {
  const size_t features = model.schema.features;
  RequireSizes(examples.size(), features, results.size(), results_each);
  const size_t count = examples.size() / features;
  const ScopedFlushDenormals flush;  // as all loops of Execution do
  for (size_t first = 0; first < count; first += block) {
    const size_t columns = std::min(block, count - first);
    const kernels::Matrix inputs = workspace.Inputs(0, model.shape.inputs(), columns);
    // For one example, the product looks for zeros itself.
    kernels::Nonzeros nonzeros;
    if (columns > 1) nonzeros = workspace.Nonzeros(inputs.rows, columns);
    const kernels::ConstMatrix raw = {examples.data() + first * features, features, columns,
                                      features};
    const PaddedScaling& scaling = model.padded_scaling;
    if (const kernels::Encoding* encoding = scaling.encoding()) {
      kernels::Encode(raw, nullptr, *encoding, inputs, nonzeros);
    } else {
      kernels::Scale(raw, scaling.offset.data(), scaling.scale.data(), inputs, nonzeros);
    }
    if (columns > 1 && Density(nonzeros, inputs.rows) >= kSkipDensity) nonzeros = {};
    store(RunLayers(model, inputs, nonzeros, workspace), results.data() + first * results_each);
  }
}

// Kept by each thread until it ends.
Workspace& OfThisThread() {
  thread_local Workspace workspace;
  return workspace;
}

}  // namespace

void PredictLogits(const Model& model, Workspace& workspace, size_t block,
                   std::span<const float> examples, std::span<float> logits) {
  Predict(model.storage(), workspace, block, examples, logits, model.shape().outputs(),
          [&](kernels::Matrix z, float* to) { StoreOutputs(model.shape(), z, to); });
}

void PredictProbabilities(const Model& model, Workspace& workspace, size_t block,
                          std::span<const float> examples, std::span<float> probabilities) {
  RequireKind(model, false);
  Predict(model.storage(), workspace, block, examples, probabilities, ClassesOf(model.shape()),
          [&](kernels::Matrix z, float* to) { StoreProbabilities(model.shape(), z, to); });
}

void PredictClasses(const Model& model, Workspace& workspace, size_t block,
                    std::span<const float> examples, std::span<uint32_t> classes) {
  RequireKind(model, false);
  Predict(model.storage(), workspace, block, examples, classes, 1,
          [&](kernels::Matrix z, uint32_t* to) { StoreClasses(model.shape(), z, to); });
}

void PredictValues(const Model& model, Workspace& workspace, size_t block,
                   std::span<const float> examples, std::span<float> values) {
  RequireKind(model, true);
  Predict(model.storage(), workspace, block, examples, values, model.shape().outputs(),
          [&](kernels::Matrix z, float* to) { StoreValues(model.storage(), z, to); });
}

void PredictValues(const Model& model, Workspace& workspace, size_t block,
                   std::span<const float> examples, std::span<double> values) {
  RequireKind(model, true);
  Predict(model.storage(), workspace, block, examples, values, model.shape().outputs(),
          [&](kernels::Matrix z, double* to) { StoreValues(model.storage(), z, to); });
}

void Model::Logits(std::span<const float> examples, std::span<float> logits) const {
  PredictLogits(*this, OfThisThread(), Workspace::kBlock, examples, logits);
}

void Model::Probabilities(std::span<const float> examples, std::span<float> probabilities) const {
  PredictProbabilities(*this, OfThisThread(), Workspace::kBlock, examples, probabilities);
}

void Model::Classes(std::span<const float> examples, std::span<uint32_t> classes) const {
  PredictClasses(*this, OfThisThread(), Workspace::kBlock, examples, classes);
}

void Model::Values(std::span<const float> examples, std::span<float> values) const {
  PredictValues(*this, OfThisThread(), Workspace::kBlock, examples, values);
}

void Model::Values(std::span<const float> examples, std::span<double> values) const {
  PredictValues(*this, OfThisThread(), Workspace::kBlock, examples, values);
}

}  // namespace colonnade
