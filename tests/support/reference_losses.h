// SPDX-License-Identifier: Apache-2.0
// Every loss for numbers with its derivative in double precision, and its kernel: what kernels and
// training are checked against, and what is checked.
#ifndef COLONNADE_TESTS_SUPPORT_REFERENCE_LOSSES_H_
#define COLONNADE_TESTS_SUPPORT_REFERENCE_LOSSES_H_

#include <cmath>
#include <stdexcept>
#include <string>

#include "colonnade/loss.h"
#include "kernels/loss.h"

namespace colonnade::test {

// z: output; t: target. option: of the loss, if it has one: huber_delta, or the level of a
// quantile.
struct ReferenceLoss {
  Loss loss;
  double (*value)(double z, double t, double option);
  double (*derivative)(double z, double t, double option);
  void (*kernel)(kernels::Matrix z, const float* targets, float option, const float* weights,
                 float scale, float* losses);
};

inline const ReferenceLoss kReferenceLosses[] = {
    {Loss::kSquared, [](double z, double t, double) { return (z - t) * (z - t); },
     [](double z, double t, double) { return 2 * (z - t); },
     [](kernels::Matrix z, const float* targets, float, const float* weights, float scale,
        float* losses) { kernels::SquaredError(z, targets, weights, scale, losses); }},
    {Loss::kHuber,
     [](double z, double t, double delta) {
       const double size = std::abs(z - t);
       return size <= delta ? size * size / 2 : delta * (size - delta / 2);
     },
     [](double z, double t, double delta) {
       return std::abs(z - t) <= delta ? z - t : std::copysign(delta, z - t);
     },
     [](kernels::Matrix z, const float* targets, float delta, const float* weights, float scale,
        float* losses) { kernels::HuberError(z, targets, delta, weights, scale, losses); }},
    {Loss::kPoisson, [](double z, double t, double) { return std::exp(z) - t * z; },
     [](double z, double t, double) { return std::exp(z) - t; },
     [](kernels::Matrix z, const float* targets, float, const float* weights, float scale,
        float* losses) { kernels::PoissonError(z, targets, weights, scale, losses); }},
    {Loss::kQuantile,
     [](double z, double t, double level) { return (t - z) * (level - (t < z ? 1 : 0)); },
     [](double z, double t, double level) { return z == t ? 0 : (t < z ? 1 : 0) - level; },
     [](kernels::Matrix z, const float* targets, float level, const float* weights, float scale,
        float* losses) { kernels::QuantileError(z, targets, &level, weights, scale, losses); }},
};

// Throws for a loss that has none.
inline const ReferenceLoss& ReferenceOf(Loss loss) {
  for (const ReferenceLoss& reference : kReferenceLosses) {
    if (reference.loss == loss) return reference;
  }
  throw std::logic_error(std::string("no reference for ") + Name(loss));
}

}  // namespace colonnade::test

#endif  // COLONNADE_TESTS_SUPPORT_REFERENCE_LOSSES_H_
