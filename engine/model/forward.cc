#include "engine/model/forward.h"

#include "engine/model/kernel_names.h"
#include "kernels/gemm.h"

namespace colonnade {

Activations::Activations(const NetworkShape& shape, size_t columns) {
  matrices_.emplace_back(shape.inputs(), columns);
  for (const Layer& layer : shape.layers) matrices_.emplace_back(layer.outputs, columns);
}

kernels::Nonzeros Activations::nonzeros() {
  const size_t words = kernels::NonzeroWords(matrices_.front().rows());
  return {nonzeros_.data(), words, columns(), words};
}

void Activations::EnableNonzeros() {
  nonzeros_ = AlignedBuffer<uint64_t>::Zeroed(nonzeros().rows * columns());
}

void ForwardPass(const NetworkShape& shape, std::span<const DenseParameters> layers,
                 Activations& activations, size_t first, size_t count) {
  const kernels::Nonzeros nonzeros = activations.nonzeros();
  for (size_t l = 0; l < layers.size(); ++l) {
    const kernels::ConstMatrix weight = layers[l].weight.view();
    const float* bias = layers[l].bias.view().data;
    const kernels::Activation activation = KernelActivation(shape.layers[l].activation);
    const kernels::Matrix a = activations.at(l).Columns(first, count);
    const kernels::Matrix z = activations.at(l + 1).Columns(first, count);
    if (l == 0 && nonzeros.data != nullptr) {
      kernels::ForwardSkippingZeros(weight, a, nonzeros.Columns(first, count), bias, activation, z);
    } else {
      kernels::Forward(weight, a, bias, activation, z);
    }
  }
}

}  // namespace colonnade
