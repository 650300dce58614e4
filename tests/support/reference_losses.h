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

// r: prediction − target. delta: TrainOptions::huber_delta, for the one loss that has it.
struct ReferenceLoss {
  Loss loss;
  double (*value)(double r, double delta);
  double (*derivative)(double r, double delta);
  void (*kernel)(kernels::Matrix z, const float* targets, float delta, const float* weights,
                 float scale, float* losses);
};

inline const ReferenceLoss kReferenceLosses[] = {
    {Loss::kSquared, [](double r, double) { return r * r; }, [](double r, double) { return 2 * r; },
     [](kernels::Matrix z, const float* targets, float, const float* weights, float scale,
        float* losses) { kernels::SquaredError(z, targets, weights, scale, losses); }},
    {Loss::kHuber,
     [](double r, double delta) {
       const double size = std::abs(r);
       return size <= delta ? r * r / 2 : delta * (size - delta / 2);
     },
     [](double r, double delta) { return std::abs(r) <= delta ? r : std::copysign(delta, r); },
     [](kernels::Matrix z, const float* targets, float delta, const float* weights, float scale,
        float* losses) { kernels::HuberError(z, targets, delta, weights, scale, losses); }},
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
