#include "engine/model/forward.h"

#include "engine/model/kernel_names.h"
#include "kernels/gemm.h"

namespace colonnade {

Activations::Activations(const NetworkShape& shape, size_t columns) {
  matrices_.emplace_back(shape.inputs(), columns);
  for (const Layer& layer : shape.layers) matrices_.emplace_back(layer.outputs, columns);
}

void ForwardPass(const NetworkShape& shape, std::span<const DenseParameters> layers,
                 Activations& activations, size_t first, size_t count) {
  for (size_t l = 0; l < layers.size(); ++l) {
    kernels::Forward(layers[l].weight.view(), activations.at(l).Columns(first, count),
                     layers[l].bias.view().data, KernelActivation(shape.layers[l].activation),
                     activations.at(l + 1).Columns(first, count));
  }
}

}  // namespace colonnade
