// SPDX-License-Identifier: Apache-2.0
// The forward product for one example.
#ifndef COLONNADE_KERNELS_GEMV_H_
#define COLONNADE_KERNELS_GEMV_H_

#include "kernels/gemm.h"
#include "kernels/matrix.h"

namespace colonnade::kernels {

// z = activation(w · x + bias): what Forward() gives for a batch of one, bit for bit, as fast as
// the weights can be read from the cache that holds them. The weights of inputs that are zero are
// not read at all.
//
// w: outputs × inputs, finite; x: `inputs` floats, aligned, readable up to PaddedRows(inputs),
// whatever the padding holds; bias: PaddedRows(outputs) floats, aligned, zeros in the padding; z:
// PaddedRows(outputs) floats, aligned. They do not overlap. Thread-safe.
void ForwardOne(ConstMatrix w, const float* x, const float* bias, Activation activation,
                float* z) noexcept;

}  // namespace colonnade::kernels

#endif  // COLONNADE_KERNELS_GEMV_H_
