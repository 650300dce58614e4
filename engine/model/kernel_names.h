// What the kernels call the engine's activations.
#ifndef COLONNADE_ENGINE_MODEL_KERNEL_NAMES_H_
#define COLONNADE_ENGINE_MODEL_KERNEL_NAMES_H_

#include "colonnade/network.h"
#include "kernels/activation.h"
#include "kernels/gemm.h"

namespace colonnade {

// Whether the matrix products apply it to their results by themselves.
inline bool IsFused(Activation activation) {
  return activation == Activation::kIdentity || activation == Activation::kRelu;
}

// What the matrix products are to apply: identity for those that are applied afterwards.
inline kernels::Activation KernelActivation(Activation activation) {
  return activation == Activation::kRelu ? kernels::Activation::kRelu
                                         : kernels::Activation::kIdentity;
}

// Of an activation that is not fused.
inline kernels::Nonlinearity KernelNonlinearity(Activation activation) {
  switch (activation) {
    case Activation::kElu:
      return kernels::Nonlinearity::kElu;
    case Activation::kGelu:
      return kernels::Nonlinearity::kGelu;
    case Activation::kSilu:
      return kernels::Nonlinearity::kSilu;
    case Activation::kTanh:
      return kernels::Nonlinearity::kTanh;
    case Activation::kSigmoid:
      return kernels::Nonlinearity::kSigmoid;
    default:
      return kernels::Nonlinearity::kLeakyRelu;
  }
}

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_MODEL_KERNEL_NAMES_H_
