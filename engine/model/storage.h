// The inside of a Model.
#ifndef COLONNADE_ENGINE_MODEL_STORAGE_H_
#define COLONNADE_ENGINE_MODEL_STORAGE_H_

#include <span>
#include <string>
#include <vector>

#include "colonnade/model.h"
#include "engine/data/scaling.h"
#include "engine/runtime/aligned.h"

namespace colonnade {

// The widest layer that a network may have.
inline constexpr size_t kMaxWidth = size_t{1} << 20;

// One dense layer's parameters as the kernels want them.
struct DenseParameters {
  explicit DenseParameters(const Layer& layer)
      : weight(layer.outputs, layer.inputs), bias(layer.outputs, 1) {}

  OwnedMatrix weight;  // outputs × inputs, column-major: column k is what input k feeds
  OwnedMatrix bias;    // outputs × 1
};

// Never changes once a Model has it, because the copies of the Model share it.
struct Model::Storage {
  NetworkShape shape;
  std::vector<DenseParameters> layers;  // as shape.layers
  Scaling scaling;
  PaddedScaling padded_scaling;  // `scaling` again; Model's constructor makes it
  Schema schema;
  TargetScaling target;
};

// What keeps these from belonging together, on one line: "schema.classes: found 3, expected
// 10". Empty if nothing does.
std::string FindMismatch(const NetworkShape& shape, const Scaling& scaling, const Schema& schema,
                         const TargetScaling& target);

// How many classes the outputs tell apart; 0: they are numbers.
size_t ClassesOf(const NetworkShape& shape);

// Between the matrices of the kernels and the row-major arrays of files and of the interface.
std::vector<float> ToRowMajor(kernels::ConstMatrix from);
void FromRowMajor(std::span<const float> from, kernels::Matrix to);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_MODEL_STORAGE_H_
