// SPDX-License-Identifier: Apache-2.0
// Per-target code of activation functions on vectors, shared by the elementwise kernels and by the
// epilogues of the matrix products.
#if defined(COLONNADE_KERNELS_ACTIVATION_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef COLONNADE_KERNELS_ACTIVATION_INL_H_
#undef COLONNADE_KERNELS_ACTIVATION_INL_H_
#else
#define COLONNADE_KERNELS_ACTIVATION_INL_H_
#endif

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace colonnade::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// max(z, 0), and NaN for NaN, so that a divergence reaches the loss instead of hiding as zeros.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V Relu(D d, V z) {
  return hn::IfThenZeroElse(hn::Lt(z, hn::Zero(d)), z);
}

// gradient where the activation `a` is positive, else zero.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V ReluGate(D d, V a, V gradient) {
  return hn::IfThenElseZero(hn::Gt(a, hn::Zero(d)), gradient);
}

}  // namespace colonnade::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // COLONNADE_KERNELS_ACTIVATION_INL_H_
