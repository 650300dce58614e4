// The inside of a Model.
#ifndef COLONNADE_ENGINE_MODEL_STORAGE_H_
#define COLONNADE_ENGINE_MODEL_STORAGE_H_

#include <map>
#include <string>
#include <vector>

#include "colonnade/model.h"
#include "engine/runtime/aligned.h"

namespace colonnade {

// One dense layer's parameters as the kernels want them.
struct DenseParameters {
  explicit DenseParameters(const Layer& layer)
      : weight(layer.outputs, layer.inputs), bias(layer.outputs, 1) {}

  OwnedMatrix weight;  // outputs × inputs, column-major: column k is what input k feeds
  OwnedMatrix bias;    // outputs × 1
};

struct Model::Storage {
  NetworkShape shape;
  std::vector<DenseParameters> layers;  // as shape.layers
  Scaling scaling;
  Schema schema;
  std::map<std::string, std::string> provenance;
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_MODEL_STORAGE_H_
