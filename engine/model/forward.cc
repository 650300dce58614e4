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

void ForwardLayer(const NetworkShape& shape, std::span<const DenseParameters> layers,
                  Activations& activations, size_t layer, const Block& block) {
  const size_t first = block.first_column;
  const kernels::ConstMatrix weight = layers[layer].weight.view().Rows(block.first_row, block.rows);
  const float* bias = layers[layer].bias.view().data + block.first_row;
  const kernels::Activation activation = KernelActivation(shape.layers[layer].activation);
  const kernels::Matrix a = activations.at(layer).Columns(first, block.columns);
  const kernels::Matrix z =
      activations.at(layer + 1).Columns(first, block.columns).Rows(block.first_row, block.rows);
  const kernels::Nonzeros nonzeros = activations.nonzeros();
  if (layer == 0 && nonzeros.data != nullptr) {
    kernels::ForwardSkippingZeros(weight, a, nonzeros.Columns(first, block.columns), bias,
                                  activation, z);
  } else {
    kernels::Forward(weight, a, bias, activation, z);
  }
}

void ForwardPass(const NetworkShape& shape, std::span<const DenseParameters> layers,
                 Activations& activations, size_t first, size_t count) {
  for (size_t l = 0; l < layers.size(); ++l) {
    ForwardLayer(shape, layers, activations, l, {first, count, 0, shape.layers[l].outputs});
  }
}

}  // namespace colonnade
