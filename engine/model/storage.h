// SPDX-License-Identifier: Apache-2.0
// The inside of a Model.
#ifndef COLONNADE_ENGINE_MODEL_STORAGE_H_
#define COLONNADE_ENGINE_MODEL_STORAGE_H_

#include <optional>
#include <span>
#include <vector>

#include "colonnade/error.h"
#include "colonnade/model.h"
#include "engine/data/scaling.h"
#include "engine/runtime/aligned.h"

namespace colonnade {

// The widest layer that a network may have.
inline constexpr size_t kMaxWidth = size_t{1} << 20;

// One dense layer's parameters as the kernels want them.
struct DenseParameters {
  explicit DenseParameters(const Layer& layer)
      : weight(layer.outputs, layer.inputs),
        bias(layer.outputs, 1),
        gamma(layer.outputs, layer.batch_norm ? 1 : 0),
        running_mean(layer.outputs, layer.batch_norm ? 1 : 0),
        running_variance(layer.outputs, layer.batch_norm ? 1 : 0) {}

  OwnedMatrix weight;  // outputs × inputs, column-major: column k is what input k feeds
  OwnedMatrix bias;    // outputs × 1
  // outputs × 1, without batch normalisation × 0. The bias comes after the normalisation.
  OwnedMatrix gamma, running_mean, running_variance;
};

// A matrix of a layer and its name. Layers may lack it: then it has no columns.
struct ParameterPart {
  const char* name;
  OwnedMatrix DenseParameters::* matrix;
};

// What a step changes by gradients, and what else it changes.
inline constexpr ParameterPart kLearnedParts[] = {{"weight", &DenseParameters::weight},
                                                  {"bias", &DenseParameters::bias},
                                                  {"gamma", &DenseParameters::gamma}};
inline constexpr ParameterPart kRunningParts[] = {
    {"running_mean", &DenseParameters::running_mean},
    {"running_variance", &DenseParameters::running_variance}};

// A layer without batch normalisation that gives what this one gives by its running statistics.
DenseParameters FoldBatchNorm(const DenseParameters& layer);

// Never changes once a Model has it, because the copies of the Model share it.
struct Model::Storage {
  NetworkShape shape;                   // of each member
  std::vector<DenseParameters> layers;  // as shape.layers, of one member after the other
  // Where the shape has batch normalisation: FoldBatchNorm() of those layers, the others being
  // empty; Model's constructor makes them.
  std::vector<DenseParameters> folded;
  Scaling scaling;
  PaddedScaling padded_scaling;  // `scaling` again; Model's constructor makes it
  Schema schema;
  TargetScaling target;

  size_t members() const { return layers.size() / shape.layers.size(); }

  // What predictions use.
  const DenseParameters& ForInference(size_t layer, size_t member = 0) const {
    const size_t place = member * shape.layers.size() + layer;
    return shape.layers[layer].batch_norm ? folded[place] : layers[place];
  }
};

// What keeps these from belonging together: of "schema.classes", found 3, expected 10. Nothing if
// they do.
std::optional<ErrorDetails> FindMismatch(const NetworkShape& shape, const Scaling& scaling,
                                         const Schema& schema, const TargetScaling& target);

// How many classes the outputs tell apart; 0: they are numbers.
size_t ClassesOf(const NetworkShape& shape);

// Between the matrices of the kernels and the row-major arrays of files and of the interface.
std::vector<float> ToRowMajor(kernels::ConstMatrix from);
void FromRowMajor(std::span<const float> from, kernels::Matrix to);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_MODEL_STORAGE_H_
