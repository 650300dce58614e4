// From the names of the public interface to those of the kernels.
#ifndef COLONNADE_ENGINE_MODEL_KERNEL_NAMES_H_
#define COLONNADE_ENGINE_MODEL_KERNEL_NAMES_H_

#include "colonnade/network.h"
#include "kernels/gemm.h"

namespace colonnade {

inline kernels::Activation KernelActivation(Activation activation) {
  return activation == Activation::kRelu ? kernels::Activation::kRelu
                                         : kernels::Activation::kIdentity;
}

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_MODEL_KERNEL_NAMES_H_
