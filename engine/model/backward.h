// The backward pass: from the gradient at the logits to the gradient at every layer.
#ifndef COLONNADE_ENGINE_MODEL_BACKWARD_H_
#define COLONNADE_ENGINE_MODEL_BACKWARD_H_

#include <span>
#include <vector>

#include "engine/model/forward.h"
#include "engine/model/storage.h"

namespace colonnade {

// Gradients of the loss with respect to the pre-activations of the hidden layers: at(l) for layer
// l, outputs × columns. That of the last layer lies where its logits were.
class HiddenGradients {
 public:
  HiddenGradients(const NetworkShape& shape, size_t columns);

  kernels::Matrix at(size_t layer) { return matrices_[layer].view(); }

 private:
  std::vector<OwnedMatrix> matrices_;
};

// The transposed weights of every layer but the first, which needs no gradient for its inputs.
class TransposedWeights {
 public:
  explicit TransposedWeights(const NetworkShape& shape);

  // Takes over columns [first, first + count) of the weights of `layer` ≥ 1. `first` is a multiple
  // of kPadFloats. Calls for disjoint columns may run at the same time.
  void Update(size_t layer, kernels::ConstMatrix weight, size_t first, size_t count);

  kernels::ConstMatrix at(size_t layer) const { return matrices_[layer].view(); }

 private:
  std::vector<OwnedMatrix> matrices_;
};

// Columns [first, first + count) of the hidden gradients, given the activations and, in place of
// the logits, the gradient with respect to them. Calls for disjoint ranges may run at the same
// time.
void BackwardPass(const NetworkShape& shape, const TransposedWeights& weights,
                  Activations& activations, HiddenGradients& gradients, size_t first, size_t count);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_MODEL_BACKWARD_H_
