// SPDX-License-Identifier: Apache-2.0
#include "kernels/gemm.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/gemm.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"
#include "kernels/gemm-inl.h"
#include "kernels/gemm_narrow-inl.h"
#include "kernels/transpose-inl.h"

HWY_BEFORE_NAMESPACE();
namespace colonnade::kernels::HWY_NAMESPACE {

Product ForwardProduct(ConstMatrix w, ConstMatrix a, const float* bias, Activation activation,
                       Matrix z) {
  return {.a = w.data,
          .lda = w.stride,
          .b = a.data,
          .ldb = a.stride,
          .rows = PaddedRows(w.rows),
          .cols = a.cols,
          .depth = w.cols,
          .c = z.data,
          .ldc = z.stride,
          .bias = bias,
          .relu = activation == Activation::kRelu};
}

void ForwardTarget(ConstMatrix w, ConstMatrix a, const float* bias, Activation activation,
                   Matrix z) {
  Multiply<Right::kColumns>(ForwardProduct(w, a, bias, activation, z));
}

void ForwardSkippingZerosTarget(ConstMatrix w, ConstMatrix a, ConstNonzeros nonzeros,
                                const float* bias, Activation activation, Matrix z) {
  MultiplySkippingZeros(ForwardProduct(w, a, bias, activation, z), nonzeros);
}

void InputGradientTarget(ConstMatrix wt, ConstMatrix dz, Activation activation, ConstMatrix a,
                         Matrix da) {
  Multiply<Right::kColumns>(Product{.a = wt.data,
                                    .lda = wt.stride,
                                    .b = dz.data,
                                    .ldb = dz.stride,
                                    .rows = PaddedRows(wt.rows),
                                    .cols = dz.cols,
                                    .depth = wt.cols,
                                    .c = da.data,
                                    .ldc = da.stride,
                                    .gate = activation == Activation::kRelu ? a.data : nullptr,
                                    .ldgate = a.stride});
}

Product WeightGradientProduct(ConstMatrix dz, ConstMatrix a, Output output, Matrix dw) {
  return {.a = dz.data,
          .lda = dz.stride,
          .b = a.data,
          .ldb = a.stride,
          .rows = PaddedRows(dz.rows),
          .cols = a.rows,
          .depth = dz.cols,
          .c = dw.data,
          .ldc = dw.stride,
          .accumulate = output == Output::kAccumulate};
}

void WeightGradientTarget(ConstMatrix dz, ConstMatrix a, Output output, Matrix dw,
                          const ReadNext& next) {
  Product p = WeightGradientProduct(dz, a, output, dw);
  p.next = next;
  if (dz.rows <= kNarrowRows) return MultiplyNarrow(p, dz.rows);
  Multiply<Right::kRows>(p);
}

void WeightGradientSkippingZerosTarget(ConstMatrix dz, ConstMatrix a, ConstNonzeros nonzeros,
                                       size_t first_row, Output output, Matrix dw) {
  MultiplyRowsSkippingZeros(WeightGradientProduct(dz, a, output, dw), nonzeros, first_row);
}

void BiasGradientTarget(ConstMatrix dz, Output output, float* db) {
  const hn::ScalableTag<float> d;
  for (size_t r = 0; r < PaddedRows(dz.rows); r += hn::Lanes(d)) {
    auto sum = output == Output::kAccumulate ? hn::Load(d, db + r) : hn::Zero(d);
    for (size_t c = 0; c < dz.cols; ++c) sum = hn::Add(sum, hn::Load(d, dz.Column(c) + r));
    hn::Store(sum, d, db + r);
  }
}

void TransposeTarget(ConstMatrix from, Matrix to) {
  const auto* words = reinterpret_cast<const uint32_t*>(from.data);
  auto* transposed = reinterpret_cast<uint32_t*>(to.data);
  HWY_ALIGN uint32_t last[kPadFloats * kPadFloats];
  for (size_t c = 0; c < from.cols; c += kPadFloats) {
    const size_t cols = HWY_MIN(kPadFloats, from.cols - c);
    for (size_t r = 0; r < from.rows; r += kPadFloats) {
      const uint32_t* square = words + r + c * from.stride;
      size_t stride = from.stride;
      if (cols < kPadFloats) {  // columns that are missing become padding
        hwy::ZeroBytes(last, sizeof(last));
        for (size_t n = 0; n < cols; ++n) {
          hwy::CopyBytes<kPadFloats * sizeof(uint32_t)>(square + n * stride, last + n * kPadFloats);
        }
        square = last;
        stride = kPadFloats;
      }
      TransposeSquare(square, stride, transposed + c + r * to.stride, to.stride,
                      HWY_MIN(kPadFloats, from.rows - r));
    }
  }
}

}  // namespace colonnade::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace colonnade::kernels {

HWY_EXPORT(ForwardTarget);
HWY_EXPORT(ForwardSkippingZerosTarget);
HWY_EXPORT(InputGradientTarget);
HWY_EXPORT(WeightGradientTarget);
HWY_EXPORT(WeightGradientSkippingZerosTarget);
HWY_EXPORT(BiasGradientTarget);
HWY_EXPORT(TransposeTarget);

void Forward(ConstMatrix w, ConstMatrix a, const float* bias, Activation activation,
             Matrix z) noexcept {
  HWY_DYNAMIC_DISPATCH(ForwardTarget)(w, a, bias, activation, z);
}

void ForwardSkippingZeros(ConstMatrix w, ConstMatrix a, ConstNonzeros nonzeros, const float* bias,
                          Activation activation, Matrix z) noexcept {
  HWY_DYNAMIC_DISPATCH(ForwardSkippingZerosTarget)(w, a, nonzeros, bias, activation, z);
}

void InputGradient(ConstMatrix wt, ConstMatrix dz, Activation activation, ConstMatrix a,
                   Matrix da) noexcept {
  HWY_DYNAMIC_DISPATCH(InputGradientTarget)(wt, dz, activation, a, da);
}

void WeightGradient(ConstMatrix dz, ConstMatrix a, Output output, Matrix dw,
                    const ReadNext& next) noexcept {
  HWY_DYNAMIC_DISPATCH(WeightGradientTarget)(dz, a, output, dw, next);
}

void WeightGradientSkippingZeros(ConstMatrix dz, ConstMatrix a, ConstNonzeros nonzeros,
                                 size_t first_row, Output output, Matrix dw) noexcept {
  HWY_DYNAMIC_DISPATCH(WeightGradientSkippingZerosTarget)(dz, a, nonzeros, first_row, output, dw);
}

void BiasGradient(ConstMatrix dz, Output output, float* db) noexcept {
  HWY_DYNAMIC_DISPATCH(BiasGradientTarget)(dz, output, db);
}

void Transpose(ConstMatrix from, Matrix to) noexcept {
  HWY_DYNAMIC_DISPATCH(TransposeTarget)(from, to);
}

}  // namespace colonnade::kernels
#endif  // HWY_ONCE
