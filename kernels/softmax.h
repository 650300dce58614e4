// SPDX-License-Identifier: Apache-2.0
// Softmax and the cross-entropy loss over it.
#ifndef COLONNADE_KERNELS_SOFTMAX_H_
#define COLONNADE_KERNELS_SOFTMAX_H_

#include <cstdint>

#include "kernels/matrix.h"

namespace colonnade::kernels {

// Turns each column of logits into probabilities, in place: p_i = exp(z_i − max z) / Σ exp(z −
// max). Finite for any finite logits. The exponential is Highway's, within 1 ulp; the sum runs over
// 16 interleaved partial sums on every target, so that all targets with FMA give the same bits. z:
// classes × batch. Thread-safe.
void Softmax(Matrix z) noexcept;

// The mean of several models' probabilities: column c, of the first p.cols / members, becomes the
// logarithms of the means over the members m of the columns c + m · p.cols / members, in place. The
// logarithm is Highway's, within 4 ulp; a mean below the smallest normal number counts as that, so
// that all are finite. p: classes × (members · batch), probabilities. Thread-safe.
void LogMean(Matrix p, size_t members) noexcept;

// Loss, its gradient and the count of correct predictions, in one pass over the logits.
//
// z: classes × batch, logits on entry; on return (softmax(z) − onehot(label)) · scale, which is
// the gradient of scale · Σ loss. labels: batch class indices below z.rows. losses: batch floats,
// gets −log softmax(z)[label] per column, at least 0. Returns how many columns have their largest
// logit (the first of them, where several are equal) at the label. NaN or infinite logits give a
// NaN loss. Thread-safe.
size_t SoftmaxCrossEntropy(Matrix z, const uint32_t* labels, float scale, float* losses) noexcept;

// The index of the largest value in each column; the first, where several are equal.
// z: rows ≥ 1 × batch; indices: batch entries. Thread-safe.
void ArgMax(ConstMatrix z, uint32_t* indices) noexcept;

}  // namespace colonnade::kernels

#endif  // COLONNADE_KERNELS_SOFTMAX_H_
