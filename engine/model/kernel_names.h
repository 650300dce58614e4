// SPDX-License-Identifier: Apache-2.0
// What the kernels call the engine's activations.
#ifndef COLONNADE_ENGINE_MODEL_KERNEL_NAMES_H_
#define COLONNADE_ENGINE_MODEL_KERNEL_NAMES_H_

#include <array>
#include <cstddef>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>

#include "colonnade/network.h"
#include "kernels/activation.h"
#include "kernels/gemm.h"

namespace colonnade {

// Whether the matrix products apply it to their results by themselves.
constexpr bool IsFused(Activation activation) {
  return activation == Activation::kIdentity || activation == Activation::kRelu;
}

// What is applied to the results of a matrix product, the function of the same name; nothing where
// the product does it by itself.
inline std::optional<kernels::Nonlinearity> KernelNonlinearity(Activation activation) {
  static const auto functions = [] {
    std::array<std::optional<kernels::Nonlinearity>, std::size(kActivations)> found;
    for (const auto& [value, name] : kActivations) {
      if (IsFused(value)) continue;
      const std::optional<kernels::Nonlinearity> function = kernels::FindNonlinearity(name);
      if (!function) throw std::logic_error(std::string("no kernel for the activation ") + name);
      found[static_cast<size_t>(value)] = function;
    }
    return found;
  }();
  return functions[static_cast<size_t>(activation)];
}

// What the matrix products are to apply: identity for those that are applied afterwards.
inline kernels::Activation KernelActivation(Activation activation) {
  return activation == Activation::kRelu ? kernels::Activation::kRelu
                                         : kernels::Activation::kIdentity;
}

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_MODEL_KERNEL_NAMES_H_
