// SPDX-License-Identifier: Apache-2.0
// Matrix products: the three forms that training a dense layer needs, in f32.
//
// Accumulation, the same in all of them: each element of a result is a running f32 sum that starts
// from its initial value and takes one fused multiply-add per contraction index, in ascending
// index order. Blocking stores and reloads that sum, which changes no bit. So a result depends
// neither on the shape of the tiles, nor on how a caller splits the columns among threads, nor on
// the target, as long as it has FMA (targets without it round the product first).
//
// A result of zero is always +0, so that leaving out terms that are zero changes no bit either (of
// finite factors): the functions that skip zeros give what those that do not give.
//
// All functions are thread-safe and never read an output that they do not accumulate into.
#ifndef COLONNADE_KERNELS_GEMM_H_
#define COLONNADE_KERNELS_GEMM_H_

#include "kernels/matrix.h"

namespace colonnade::kernels {

// What happens to a pre-activation before it is stored.
enum class Activation { kIdentity, kRelu };

// Whether a result replaces its output or adds to it.
enum class Output { kOverwrite, kAccumulate };

// z = activation(w · a + bias), bias being added to every column (the sum starts from it).
//
// w: outputs × inputs; a: inputs × batch, read up to row `inputs` only, so its padding does not
// matter; bias: PaddedRows(outputs) floats, aligned, zeros in the padding; z: outputs × batch.
void Forward(ConstMatrix w, ConstMatrix a, const float* bias, Activation activation,
             Matrix z) noexcept;

// The same, skipping elements of `a` that are zero; pays where most of them are. nonzeros: of `a`.
void ForwardSkippingZeros(ConstMatrix w, ConstMatrix a, ConstNonzeros nonzeros, const float* bias,
                          Activation activation, Matrix z) noexcept;

// da = (wᵀ · dz) ∘ activation'(a): the gradient with respect to the pre-activation that `a` is the
// activation of.
//
// wt: the transposed weights, inputs × outputs; dz: outputs × batch; a: inputs × batch (ignored,
// and may be empty, for kIdentity); da: inputs × batch.
void InputGradient(ConstMatrix wt, ConstMatrix dz, Activation activation, ConstMatrix a,
                   Matrix da) noexcept;

// Up to three matrices of the shape of a result that the caller reads as soon as it has the result,
// such as the weights that a gradient belongs to: prefetched while the result is computed.
struct ReadNext {
  static constexpr size_t kMost = 3;

  ConstMatrix matrices[kMost];
  size_t count = 0;
};

// dw = dz · aᵀ, or dw += dz · aᵀ.
//
// dz: outputs × batch; a: inputs × batch; dw: outputs × inputs. A caller that wants only some
// columns of dw passes the matching rows of `a`; `a` may start at any float for that reason.
void WeightGradient(ConstMatrix dz, ConstMatrix a, Output output, Matrix dw,
                    const ReadNext& next = {}) noexcept;

// The same, skipping elements of `a` that are zero. nonzeros: of the matrix whose row `first_row`
// is the first row of `a`.
void WeightGradientSkippingZeros(ConstMatrix dz, ConstMatrix a, ConstNonzeros nonzeros,
                                 size_t first_row, Output output, Matrix dw) noexcept;

// db = row sums of dz, or db += row sums of dz, added in column order.
//
// dz: outputs × batch; db: PaddedRows(outputs) floats, aligned.
void BiasGradient(ConstMatrix dz, Output output, float* db) noexcept;

// to = fromᵀ. from: rows × cols; to: cols × rows.
void Transpose(ConstMatrix from, Matrix to) noexcept;

}  // namespace colonnade::kernels

#endif  // COLONNADE_KERNELS_GEMM_H_
