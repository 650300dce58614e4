// SPDX-License-Identifier: Apache-2.0
#include "engine/model/forward.h"

#include "engine/model/kernel_names.h"
#include "kernels/gemm.h"
#include "kernels/gemv.h"

namespace colonnade {

Activations::Activations(const NetworkShape& shape, size_t columns, size_t input_columns) {
  matrices_.emplace_back(shape.inputs(), input_columns);
  for (const Layer& layer : shape.layers) matrices_.emplace_back(layer.outputs, columns);
}

kernels::Nonzeros Activations::nonzeros() {
  const size_t words = kernels::NonzeroWords(matrices_.front().rows());
  return {nonzeros_.data(), words, columns(), words};
}

void Activations::EnableNonzeros() {
  nonzeros_ = AlignedBuffer<uint64_t>::Zeroed(nonzeros().rows * columns());
}

void DenseForward(kernels::ConstMatrix weight, const float* bias, Activation activation,
                  kernels::ConstMatrix a, kernels::ConstNonzeros nonzeros, kernels::Matrix z) {
  const kernels::Activation applied = KernelActivation(activation);
  if (a.cols == 1) {
    kernels::ForwardOne(weight, a.data, bias, applied, z.data);
  } else if (nonzeros.data != nullptr) {
    kernels::ForwardSkippingZeros(weight, a, nonzeros, bias, applied, z);
  } else {
    kernels::Forward(weight, a, bias, applied, z);
  }
  if (const auto f = KernelNonlinearity(activation)) kernels::Apply(*f, z, z);
}

void ForwardLayer(kernels::ConstMatrix weight, const float* bias, Activation activation,
                  Activations& activations, size_t layer, const Block& block, kernels::Matrix z) {
  const auto columns = [&](auto matrix) {
    return matrix.Columns(block.first_column, block.columns);
  };
  const bool skip = layer == 0 && activations.nonzeros().data != nullptr;
  DenseForward(weight.Rows(block.first_row, block.rows), bias + block.first_row, activation,
               columns(activations.at(layer)),
               skip ? columns(activations.nonzeros()) : kernels::Nonzeros{},
               columns(z).Rows(block.first_row, block.rows));
}

}  // namespace colonnade
