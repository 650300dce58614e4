// SPDX-License-Identifier: Apache-2.0
// Batch normalisation (Ioffe and Szegedy, ICML 2015, algorithm 1), as torch.nn.BatchNorm1d has it
// (PyTorch 2.13): each row of z to mean 0 and variance 1 over the columns of a batch, then scaled
// and shifted by parameters that are learned.
#ifndef COLONNADE_KERNELS_BATCH_NORM_H_
#define COLONNADE_KERNELS_BATCH_NORM_H_

#include "kernels/matrix.h"

namespace colonnade::kernels {

inline constexpr float kBatchNormEpsilon = 1e-5f;  // added to the variance
inline constexpr float kBatchNormMomentum = 0.1f;  // share of a batch in the running statistics

// One layer's, or that of some of its rows; each PaddedRows(rows) floats, aligned.
struct BatchNorm {
  const float* gamma = nullptr;
  const float* beta = nullptr;
  float* running_mean = nullptr;
  float* running_variance = nullptr;   // ≥ 0
  float* inverse_deviation = nullptr;  // written; not zero in the padding
};

// mean and variance of each row of z over its n columns, the variance being Σ (z − mean)² / n;
//   inverse_deviation = 1 / √(variance + epsilon)
//   z ← (z − mean) · inverse_deviation;  y = gamma · z + beta
//   running_mean ← (1 − momentum) · running_mean + momentum · mean
//   running_variance ← (1 − momentum) · running_variance + momentum · Σ (z − mean)² / (n − 1)
// One column has no variance: the running statistics take the place of its own, and stay.
//
// z and y: rows × columns. Sums of rows run over parts of 64 columns, the parts then being added,
// all in order: the same bits on every target with FMA. Thread-safe for disjoint rows.
void BatchNormForward(const BatchNorm& norm, Matrix z, Matrix y) noexcept;

// Given what the forward pass wrote to z and inverse_deviation, and the gradient dy with respect
// to y:
//   dbeta = Σ dy;  dgamma = Σ dy · z
//   dy ← dz = gamma · inverse_deviation · (dy − dbeta / n − z · dgamma / n)
// where the terms with n, the number of columns, are left out for one column.
//
// z and dy: rows × columns; the others: PaddedRows(rows) floats, aligned. Sums as above.
void BatchNormBackward(const float* gamma, const float* inverse_deviation, ConstMatrix z, Matrix dy,
                       float* dgamma, float* dbeta) noexcept;

}  // namespace colonnade::kernels

#endif  // COLONNADE_KERNELS_BATCH_NORM_H_
