// Parameter updates. Elementwise, so a caller may hand over any part of the parameters.
#ifndef COLONNADE_KERNELS_OPTIMIZER_H_
#define COLONNADE_KERNELS_OPTIMIZER_H_

#include "kernels/matrix.h"

namespace colonnade::kernels {

// w ← w − rate · gradient. w, gradient: rows × cols. Thread-safe.
void SgdUpdate(Matrix w, ConstMatrix gradient, float rate) noexcept;

// velocity ← momentum · velocity + gradient;  w ← w − rate · velocity
// (the form of torch.optim.SGD, dampening 0). All rows × cols. Thread-safe.
void MomentumUpdate(Matrix w, ConstMatrix gradient, Matrix velocity, float rate,
                    float momentum) noexcept;

}  // namespace colonnade::kernels

#endif  // COLONNADE_KERNELS_OPTIMIZER_H_
