#include "engine/model/backward.h"

#include "engine/model/kernel_names.h"
#include "kernels/gemm.h"

namespace colonnade {

HiddenGradients::HiddenGradients(const NetworkShape& shape, size_t columns) {
  for (size_t l = 0; l + 1 < shape.layers.size(); ++l) {
    matrices_.emplace_back(shape.layers[l].outputs, columns);
  }
}

TransposedWeights::TransposedWeights(const NetworkShape& shape) : matrices_(1) {
  for (size_t l = 1; l < shape.layers.size(); ++l) {
    matrices_.emplace_back(shape.layers[l].inputs, shape.layers[l].outputs);
  }
}

void TransposedWeights::Update(size_t layer, kernels::ConstMatrix weight, size_t first,
                               size_t count) {
  kernels::Matrix to = matrices_[layer].view();
  to.data += first;
  to.rows = count;
  kernels::Transpose(weight.Columns(first, count), to);
}

void BackwardPass(const NetworkShape& shape, const TransposedWeights& weights,
                  Activations& activations, HiddenGradients& gradients, size_t first,
                  size_t count) {
  const size_t last = shape.layers.size() - 1;
  for (size_t l = last; l > 0; --l) {
    const kernels::Matrix dz = l == last ? activations.logits() : gradients.at(l);
    kernels::InputGradient(
        weights.at(l), dz.Columns(first, count), KernelActivation(shape.layers[l - 1].activation),
        activations.at(l).Columns(first, count), gradients.at(l - 1).Columns(first, count));
  }
}

}  // namespace colonnade
