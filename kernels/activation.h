// Activation functions and their derivatives, elementwise. The matrix products apply the same code
// to their results in registers; these are for whoever has the values in memory already.
#ifndef COLONNADE_KERNELS_ACTIVATION_H_
#define COLONNADE_KERNELS_ACTIVATION_H_

#include "kernels/matrix.h"

namespace colonnade::kernels {

// a = max(z, 0); NaN stays NaN. z, a: rows × cols; they may be the same memory. Thread-safe.
void Relu(ConstMatrix z, Matrix a) noexcept;

// dz = da ∘ relu'(z), relu' being 1 where a > 0, else 0 (as PyTorch has it at 0).
// a, da, dz: rows × cols; dz may be the memory of da. Thread-safe.
void ReluGradient(ConstMatrix a, ConstMatrix da, Matrix dz) noexcept;

}  // namespace colonnade::kernels

#endif  // COLONNADE_KERNELS_ACTIVATION_H_
