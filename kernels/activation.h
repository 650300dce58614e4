// SPDX-License-Identifier: Apache-2.0
// Activation functions and their derivatives, elementwise. The matrix products apply ReLU to their
// results in registers; these are for whoever has the values in memory already.
//
// All functions are thread-safe. NaN gives NaN, so that a divergence reaches the loss.
#ifndef COLONNADE_KERNELS_ACTIVATION_H_
#define COLONNADE_KERNELS_ACTIVATION_H_

#include <cstddef>
#include <optional>
#include <string_view>

#include "kernels/matrix.h"

namespace colonnade::kernels {

// a = max(z, 0). z, a: rows × cols; they may be the same memory.
void Relu(ConstMatrix z, Matrix a) noexcept;

// dz = da ∘ relu'(z), relu' being 1 where a > 0, else 0 (as PyTorch has it at 0).
// a, da, dz: rows × cols; dz may be the memory of da.
void ReluGradient(ConstMatrix a, ConstMatrix da, Matrix dz) noexcept;

// A function that no matrix product applies by itself: its place in the list of nonlinear-inl.h,
// which has their formulas and errors.
enum class Nonlinearity : size_t {};

// The function of that name; nothing where there is none.
std::optional<Nonlinearity> FindNonlinearity(std::string_view name) noexcept;

// Whether the derivative is computed from z. If not, it is from the value.
bool DerivativeTakesInput(Nonlinearity f) noexcept;

// a = f(z). z, a: rows × cols; they may be the same memory.
void Apply(Nonlinearity f, ConstMatrix z, Matrix a) noexcept;

// dz = da ∘ f'(z), with an absolute error of the derivative of at most 4e-7. kept: z where
// DerivativeTakesInput(f), else f(z). kept, da, dz: rows × cols; dz may be the memory of da.
void ApplyGradient(Nonlinearity f, ConstMatrix kept, ConstMatrix da, Matrix dz) noexcept;

}  // namespace colonnade::kernels

#endif  // COLONNADE_KERNELS_ACTIVATION_H_
