// SPDX-License-Identifier: Apache-2.0
#include "kernels/bf16.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/bf16.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"
#include "kernels/bf16-inl.h"
#include "kernels/gemm_narrow-inl.h"

HWY_BEFORE_NAMESPACE();
namespace colonnade::kernels::HWY_NAMESPACE {

bool Bf16IsNativeTarget() { return COLONNADE_NATIVE_BF16; }

// A column's pairs, as the words that a product broadcasts.
HWY_INLINE const uint32_t* Words(ConstBf16Columns columns) {
  return reinterpret_cast<const uint32_t*>(columns.data);
}

template <class V>
HWY_INLINE V NarrowStart(const Bf16Product&, V) {
  return hn::Zero(hn::DFromV<V>());
}
template <class V>
HWY_INLINE V NarrowFinish(const Bf16Product& p, V sum, V initial) {
  return hn::MulAdd(sum, hn::Set(hn::DFromV<V>(), p.scale), initial);
}

Bf16Product ForwardProduct(ConstBf16Pairs w, ConstBf16Columns a, float scale, const float* bias,
                           Activation activation) {
  return {.a = w.data,
          .lda = w.stride,
          .b = Words(a),
          .ldb = a.stride / 2,
          .rows = PaddedRows(w.rows),
          .cols = a.cols,
          .depth = PairsOf(a.rows),
          .scale = scale,
          .bias = bias,
          .relu = activation == Activation::kRelu};
}

void Bf16ForwardTarget(ConstBf16Pairs w, ConstBf16Columns a, float scale, const float* bias,
                       Activation activation, Matrix z) {
  Bf16Product p = ForwardProduct(w, a, scale, bias, activation);
  p.c = z.data;
  p.ldc = z.stride;
  Multiply<Right::kColumns>(p);
}

void Bf16ForwardRoundedTarget(ConstBf16Pairs w, ConstBf16Columns a, float scale, const float* bias,
                              Activation activation, Bf16Result z) {
  Bf16Product p = ForwardProduct(w, a, scale, bias, activation);
  p.rounded = z;
  Multiply<Right::kColumns>(p);
}

void Bf16InputGradientTarget(ConstBf16Pairs wt, ConstBf16Columns dz, Activation activation,
                             ConstBf16Columns a, Bf16Result da) {
  Bf16Product p = ForwardProduct(wt, dz, 1, nullptr, Activation::kIdentity);
  if (activation == Activation::kRelu) p.gate = a;
  p.rounded = da;
  Multiply<Right::kColumns>(p);
}

void Bf16WeightGradientTarget(ConstBf16Pairs dz, ConstBf16Pairs a, float scale, Output output,
                              Matrix dw, const ReadNext& next) {
  const Bf16Product p{.a = dz.data,
                      .lda = dz.stride,
                      .b = a.data,
                      .ldb = a.stride,
                      .rows = PaddedRows(dz.rows),
                      .cols = a.rows,
                      .depth = dz.cols,
                      .scale = scale,
                      .accumulate = output == Output::kAccumulate,
                      .c = dw.data,
                      .ldc = dw.stride,
                      .next = next};
  if (dz.rows <= kNarrowRows) return MultiplyNarrow(p, dz.rows);
  Multiply<Right::kRows>(p);
}

void Bf16BiasGradientTarget(ConstBf16Columns dz, Output output, float* db) {
  const Bf16Float d;
  for (size_t r = 0; r < PaddedRows(dz.rows); r += hn::Lanes(d)) {
    auto sum = output == Output::kAccumulate ? hn::Load(d, db + r) : hn::Zero(d);
    for (size_t c = 0; c < dz.cols; ++c) sum = hn::Add(sum, LoadBf16(dz.Column(c) + r));
    hn::Store(sum, d, db + r);
  }
}

}  // namespace colonnade::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace colonnade::kernels {

HWY_EXPORT(Bf16IsNativeTarget);
HWY_EXPORT(Bf16ForwardTarget);
HWY_EXPORT(Bf16ForwardRoundedTarget);
HWY_EXPORT(Bf16InputGradientTarget);
HWY_EXPORT(Bf16WeightGradientTarget);
HWY_EXPORT(Bf16BiasGradientTarget);

bool Bf16IsNative() noexcept { return HWY_DYNAMIC_DISPATCH(Bf16IsNativeTarget)(); }

void Bf16Forward(ConstBf16Pairs w, ConstBf16Columns a, float scale, const float* bias,
                 Activation activation, Matrix z) noexcept {
  HWY_DYNAMIC_DISPATCH(Bf16ForwardTarget)(w, a, scale, bias, activation, z);
}

void Bf16Forward(ConstBf16Pairs w, ConstBf16Columns a, float scale, const float* bias,
                 Activation activation, Bf16Result z) noexcept {
  HWY_DYNAMIC_DISPATCH(Bf16ForwardRoundedTarget)(w, a, scale, bias, activation, z);
}

void Bf16InputGradient(ConstBf16Pairs wt, ConstBf16Columns dz, Activation activation,
                       ConstBf16Columns a, Bf16Result da) noexcept {
  HWY_DYNAMIC_DISPATCH(Bf16InputGradientTarget)(wt, dz, activation, a, da);
}

void Bf16WeightGradient(ConstBf16Pairs dz, ConstBf16Pairs a, float scale, Output output, Matrix dw,
                        const ReadNext& next) noexcept {
  HWY_DYNAMIC_DISPATCH(Bf16WeightGradientTarget)(dz, a, scale, output, dw, next);
}

void Bf16BiasGradient(ConstBf16Columns dz, Output output, float* db) noexcept {
  HWY_DYNAMIC_DISPATCH(Bf16BiasGradientTarget)(dz, output, db);
}

}  // namespace colonnade::kernels
#endif  // HWY_ONCE
