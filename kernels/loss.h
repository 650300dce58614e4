// SPDX-License-Identifier: Apache-2.0
// Losses beyond the plain cross-entropy of softmax.h, each with its gradient in one pass. They are
// PyTorch's losses of these names, with reduction "none".
//
// In all of them z, the outputs of the network on entry, becomes the gradient of scale · Σ losses;
// weights: one factor per column, at least 0, or null for ones; losses: one per column, its weight
// included. NaN outputs give a NaN loss. All are thread-safe; targets with FMA give the same bits.
#ifndef COLONNADE_KERNELS_LOSS_H_
#define COLONNADE_KERNELS_LOSS_H_

#include <cstdint>

#include "kernels/matrix.h"

namespace colonnade::kernels {

// What the label y of a column stands for: the sum over the classes k of t_k · −log softmax(z)_k,
// t_k = (1 − smoothing) · w_y · [k = y] + smoothing / classes · w_k.
struct SoftLabels {
  float smoothing = 0;                   // [0, 1)
  const float* class_weights = nullptr;  // w: PaddedRows(classes) floats, aligned, zero padding
};

// z: classes × batch; labels: class indices.
void SoftCrossEntropy(Matrix z, const uint32_t* labels, const SoftLabels& soft,
                      const float* weights, float scale, float* losses) noexcept;

// Binary cross-entropy of sigmoid(z). z: 1 × batch; labels: 0 or 1.
void SigmoidCrossEntropy(Matrix z, const uint32_t* labels, const float* weights, float scale,
                         float* losses) noexcept;

// (z − target)². z: 1 × batch.
void SquaredError(Matrix z, const float* targets, const float* weights, float scale,
                  float* losses) noexcept;

// r² / 2 where |r| ≤ delta, else delta · (|r| − delta / 2), with r = z − target (Huber 1964).
// z: 1 × batch; delta > 0.
void HuberError(Matrix z, const float* targets, float delta, const float* weights, float scale,
                float* losses) noexcept;

// exp(z) − target · z: the negative logarithm of a Poisson distribution's probability, but for what
// z does not change. z: 1 × batch; targets ≥ 0.
void PoissonError(Matrix z, const float* targets, const float* weights, float scale,
                  float* losses) noexcept;

// The mean over the rows of (target − z) · (level − [target < z]) (Koenker and Bassett 1978).
// z: as many rows as there are levels, in (0, 1), × batch.
void QuantileError(Matrix z, const float* targets, const float* levels, const float* weights,
                   float scale, float* losses) noexcept;

}  // namespace colonnade::kernels

#endif  // COLONNADE_KERNELS_LOSS_H_
