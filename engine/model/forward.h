// SPDX-License-Identifier: Apache-2.0
// The forward pass: from a batch of inputs to logits.
#ifndef COLONNADE_ENGINE_MODEL_FORWARD_H_
#define COLONNADE_ENGINE_MODEL_FORWARD_H_

#include <span>
#include <vector>

#include "engine/model/passes.h"
#include "engine/model/storage.h"

namespace colonnade {

// The fraction of nonzero inputs below which the first layer skips zeros. kernels/README.md has the
// measurement behind it.
inline constexpr double kSkipDensity = 0.3;

// The values of a batch on its way through a network: at(0) the inputs, at(l) what layer l-1 gives,
// the last of them the logits. Each is units × columns.
class Activations {
 public:
  // Without memory for the inputs where `input_columns` is 0.
  Activations(const NetworkShape& shape, size_t columns, size_t input_columns);
  Activations(const NetworkShape& shape, size_t columns) : Activations(shape, columns, columns) {}

  size_t columns() const { return matrices_.back().cols(); }
  size_t size() const { return matrices_.size(); }
  kernels::Matrix at(size_t i) { return matrices_[i].view(); }
  kernels::Matrix inputs() { return at(0); }
  kernels::Matrix logits() { return at(size() - 1); }

  // Which inputs are not zero. Null data unless EnableNonzeros() was called: then whoever writes
  // the inputs writes these too, and the first layer skips zeros.
  kernels::Nonzeros nonzeros();
  void EnableNonzeros();

 private:
  std::vector<OwnedMatrix> matrices_;
  AlignedBuffer<uint64_t> nonzeros_;
};

// z = activation(weight · a + bias), by the kernel that suits the columns of `a`. Shapes as for
// kernels::Forward; nonzeros: of `a`, to skip what is zero, or with null data. The bits of the
// result do not depend on the kernel.
void DenseForward(kernels::ConstMatrix weight, const float* bias, Activation activation,
                  kernels::ConstMatrix a, kernels::ConstNonzeros nonzeros, kernels::Matrix z);

// One block of `activation`(weight · a + bias) of a layer, from all rows of what it takes, to `z`,
// a matrix of the shape of what it gives. weight, bias: the whole layer's.
void ForwardLayer(kernels::ConstMatrix weight, const float* bias, Activation activation,
                  Activations& activations, size_t layer, const Block& block, kernels::Matrix z);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_MODEL_FORWARD_H_
