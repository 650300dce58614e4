// SPDX-License-Identifier: Apache-2.0
// Every activation and its derivative in double precision: what kernels and networks are checked
// against.
#ifndef COLONNADE_TESTS_SUPPORT_REFERENCE_ACTIVATIONS_H_
#define COLONNADE_TESTS_SUPPORT_REFERENCE_ACTIVATIONS_H_

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>
#include <string>

#include "colonnade/network.h"

namespace colonnade::test {

struct ReferenceActivation {
  Activation activation;
  double ulps;  // the largest error of the kernel's values, as kernels/nonlinear-inl.h states it
  double (*value)(double z);
  double (*derivative)(double z);
};

inline double NormalCumulative(double z) { return std::erfc(-z / std::numbers::sqrt2) / 2; }
inline double Sigmoid(double z) { return 1 / (1 + std::exp(-z)); }

inline double MishFactor(double z) { return std::tanh(std::log1p(std::exp(z))); }

// PyTorch's factors of selu.
inline constexpr double kSeluScale = 1.0507009873554804934193349852946;
inline constexpr double kSeluAlpha = 1.6732632423543772848170429916717;

inline const ReferenceActivation kReferenceActivations[] = {
    {Activation::kIdentity, 0, [](double z) { return z; }, [](double) { return 1.0; }},
    {Activation::kRelu, 0, [](double z) { return std::max(z, 0.0); },
     [](double z) { return z > 0 ? 1.0 : 0.0; }},
    {Activation::kLeakyRelu, 0.5001, [](double z) { return z < 0 ? double{0.01f} * z : z; },
     [](double z) { return z > 0 ? 1 : double{0.01f}; }},
    {Activation::kElu, 4, [](double z) { return z < 0 ? std::expm1(z) : z; },
     [](double z) { return z < 0 ? std::exp(z) : 1; }},
    {Activation::kGelu, 7, [](double z) { return z * NormalCumulative(z); },
     [](double z) {
       return NormalCumulative(z) + z * std::exp(-z * z / 2) / std::sqrt(2 * std::numbers::pi);
     }},
    {Activation::kSilu, 4, [](double z) { return z * Sigmoid(z); },
     [](double z) { return Sigmoid(z) * (1 + z * Sigmoid(-z)); }},
    {Activation::kTanh, 4, [](double z) { return std::tanh(z); },
     [](double z) { return 1 - std::tanh(z) * std::tanh(z); }},
    {Activation::kSigmoid, 3, Sigmoid, [](double z) { return Sigmoid(z) * Sigmoid(-z); }},
    {Activation::kSelu, 6,
     [](double z) { return kSeluScale * (z > 0 ? z : kSeluAlpha * std::expm1(z)); },
     [](double z) { return kSeluScale * (z > 0 ? 1 : kSeluAlpha * std::exp(z)); }},
    {Activation::kMish, 4, [](double z) { return z * MishFactor(z); },
     [](double z) {
       const double t = MishFactor(z);
       return t + z * (1 - t * t) * Sigmoid(z);
     }},
};

// Throws for an activation that has none.
inline const ReferenceActivation& ReferenceOf(Activation activation) {
  for (const ReferenceActivation& reference : kReferenceActivations) {
    if (reference.activation == activation) return reference;
  }
  throw std::logic_error(std::string("no reference for ") + Name(activation));
}

}  // namespace colonnade::test

#endif  // COLONNADE_TESTS_SUPPORT_REFERENCE_ACTIVATIONS_H_
