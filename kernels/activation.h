// Activation functions and their derivatives, elementwise. The matrix products apply ReLU to their
// results in registers; these are for whoever has the values in memory already.
//
// All functions are thread-safe. NaN gives NaN, so that a divergence reaches the loss.
#ifndef COLONNADE_KERNELS_ACTIVATION_H_
#define COLONNADE_KERNELS_ACTIVATION_H_

#include "kernels/matrix.h"

namespace colonnade::kernels {

// a = max(z, 0). z, a: rows × cols; they may be the same memory.
void Relu(ConstMatrix z, Matrix a) noexcept;

// dz = da ∘ relu'(z), relu' being 1 where a > 0, else 0 (as PyTorch has it at 0).
// a, da, dz: rows × cols; dz may be the memory of da.
void ReluGradient(ConstMatrix a, ConstMatrix da, Matrix dz) noexcept;

// The functions that no matrix product applies by itself. Errors in units of the last place of the
// exact value, on targets with FMA, which all give the same bits; results below the smallest normal
// number may be 0.
enum class Nonlinearity {
  kLeakyRelu,  // z, or 0.01 · z where z < 0; correctly rounded
  kElu,        // z, or exp(z) − 1 where z < 0; 4 ulp
  kGelu,       // z · Φ(z), Φ being the normal distribution's (Hendrycks & Gimpel 2016); 7 ulp
  kSilu,       // z · sigmoid(z); 4 ulp
  kTanh,       // 4 ulp
  kSigmoid,    // 1 / (1 + exp(−z)); 3 ulp
};

// Whether the derivative is computed from z. If not, it is from the value.
constexpr bool DerivativeTakesInput(Nonlinearity f) {
  return f == Nonlinearity::kGelu || f == Nonlinearity::kSilu;
}

// a = f(z). z, a: rows × cols; they may be the same memory.
void Apply(Nonlinearity f, ConstMatrix z, Matrix a) noexcept;

// dz = da ∘ f'(z), with an absolute error of the derivative of at most 4e-7. kept: z where
// DerivativeTakesInput(f), else f(z). kept, da, dz: rows × cols; dz may be the memory of da.
void ApplyGradient(Nonlinearity f, ConstMatrix kept, ConstMatrix da, Matrix dz) noexcept;

}  // namespace colonnade::kernels

#endif  // COLONNADE_KERNELS_ACTIVATION_H_
