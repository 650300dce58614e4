// SPDX-License-Identifier: Apache-2.0
// Parameter updates, each the definition of torch.optim (PyTorch 2.13), or of what stands beside
// it, in f32. Elementwise, so a caller may hand over any part of the parameters.
//
// In all of them w and gradient are rows × cols, as is what the optimizer keeps between steps,
// which is zero before the first step. Fused multiply-add where the comment has a product in a sum;
// square roots and quotients are correctly rounded: the same bits on every target with FMA.
// Thread-safe.
//
// Weight decay is "coupled" where it is added to the gradient, as the derivative of decay / 2 · w².
#ifndef COLONNADE_KERNELS_OPTIMIZER_H_
#define COLONNADE_KERNELS_OPTIMIZER_H_

#include "kernels/matrix.h"

namespace colonnade::kernels {

// torch.optim.SGD with dampening 0.
struct SgdStep {
  float rate = 0;
  float momentum = 0;  // ignored by SgdUpdate
  float decay = 0;     // coupled
};

// g = gradient + decay · w;  w ← w − rate · g
void SgdUpdate(Matrix w, ConstMatrix gradient, const SgdStep& step) noexcept;

// g as above;  velocity ← momentum · velocity + g;  w ← w − rate · velocity
void MomentumUpdate(Matrix w, ConstMatrix gradient, Matrix velocity, const SgdStep& step) noexcept;

// g and velocity as above;  w ← w − rate · (g + momentum · velocity)
void NesterovUpdate(Matrix w, ConstMatrix gradient, Matrix velocity, const SgdStep& step) noexcept;

// torch.optim.Adam and AdamW: Kingma and Ba, "Adam", ICLR 2015, algorithm 1; Loshchilov and Hutter,
// "Decoupled weight decay regularization", ICLR 2019, algorithm 2.
struct AdamStep {
  float rate = 0;          // rate / (1 − beta1^t), t being the number of the step, from 1
  float root_scale = 1;    // 1 / √(1 − beta2^t)
  float mean_share = 0;    // 1 − beta1
  float square_keep = 0;   // beta2
  float square_share = 0;  // 1 − beta2
  float epsilon = 0;       // > 0
  float decay = 0;         // coupled (Adam)
  float keep = 1;          // of w: 1 − rate · weight decay, the rate being the one before (AdamW)
};

// g = gradient + decay · w
// mean ← mean + mean_share · (g − mean);  square ← square_keep · square + square_share · g · g
// w ← keep · w − rate · (mean / (√square · root_scale + epsilon))
void AdamUpdate(Matrix w, ConstMatrix gradient, Matrix mean, Matrix square,
                const AdamStep& step) noexcept;

// torch.optim.RMSprop, neither centered nor with momentum: Hinton, "Neural networks for machine
// learning", lecture 6e, 2012, with epsilon outside of the root.
struct RmspropStep {
  float rate = 0;
  float square_keep = 0;   // alpha
  float square_share = 0;  // 1 − alpha
  float epsilon = 0;       // > 0
  float decay = 0;         // coupled
};

// g = gradient + decay · w;  square ← square_keep · square + square_share · g · g
// w ← w − rate · (g / (√square + epsilon))
void RmspropUpdate(Matrix w, ConstMatrix gradient, Matrix square, const RmspropStep& step) noexcept;

// Lion: Chen et al., "Symbolic discovery of optimization algorithms", NeurIPS 2023, algorithm 2.
struct LionStep {
  float rate = 0;
  float way_keep = 0;    // beta1
  float way_share = 0;   // 1 − beta1
  float mean_keep = 0;   // beta2
  float mean_share = 0;  // 1 − beta2
  float keep = 1;        // of w: 1 − rate · weight decay
};

// way = sign(way_share · gradient + way_keep · mean), with sign(0) = 0 and sign(NaN) = NaN
// w ← keep · w − rate · way;  mean ← mean_share · gradient + mean_keep · mean
void LionUpdate(Matrix w, ConstMatrix gradient, Matrix mean, const LionStep& step) noexcept;

// AdamW of Defazio et al., "The road less scheduled", NeurIPS 2024, algorithm 1, in the form of
// AdamWScheduleFree of the Python package schedulefree: w is the point y of the gradients, and the
// average x is Interpolate(w, z, 1 − 1 / beta1).
struct ScheduleFreeStep {
  float rate = 0;
  float root_scale = 1;  // as in AdamStep
  float square_keep = 0;
  float square_share = 0;
  float epsilon = 0;
  float decay = 0;     // decoupled
  float share = 0;     // of this step in the average
  float pull = 0;      // rate · (beta1 · (1 − share) − 1)
  bool first = false;  // whether z is yet to be taken from w
};

// square ← square_keep · square + square_share · gradient · gradient
// way = decay · w + gradient / (√square · root_scale + epsilon)
// w ← pull · way + (w + share · (z − w));  z ← z − rate · way
void ScheduleFreeUpdate(Matrix w, ConstMatrix gradient, Matrix z, Matrix square,
                        const ScheduleFreeStep& step) noexcept;

// result ← from + share · (to − from); result may be one of them.
void Interpolate(ConstMatrix from, ConstMatrix to, float share, Matrix result) noexcept;

// result ← a · x + b · y, the second product fused; result may be one of them.
void Combine(float a, ConstMatrix x, float b, ConstMatrix y, Matrix result) noexcept;

// For clipping a gradient by its norm.

// sums[c] = Σ m(r, c)² over the rows r: by fused multiply-add into 16 sums, row r into that of
// r % 16, and these added by a tree. m: rows × cols; sums: cols floats. Thread-safe.
void SquaresOfColumns(ConstMatrix m, float* sums) noexcept;

// gradient ← factor · gradient. Thread-safe.
void ScaleGradient(Matrix gradient, float factor) noexcept;

}  // namespace colonnade::kernels

#endif  // COLONNADE_KERNELS_OPTIMIZER_H_
