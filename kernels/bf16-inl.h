// SPDX-License-Identifier: Apache-2.0
// Per-target code of bf16: rounding, and the product that gemm-inl.h's loops run on.
#if defined(COLONNADE_KERNELS_BF16_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef COLONNADE_KERNELS_BF16_INL_H_
#undef COLONNADE_KERNELS_BF16_INL_H_
#else
#define COLONNADE_KERNELS_BF16_INL_H_
#endif

#include "hwy/highway.h"
#include "kernels/bf16.h"
#include "kernels/gemm-inl.h"

// Elsewhere an instruction of that name may add in another order.
#define COLONNADE_NATIVE_BF16 (HWY_NATIVE_DOT_BF16 && HWY_ARCH_X86)

HWY_BEFORE_NAMESPACE();
namespace colonnade::kernels::HWY_NAMESPACE {

using Bf16Float = hn::ScalableTag<float>;
using Bf16Word = hn::Repartition<uint32_t, Bf16Float>;  // a pair
using Bf16Bits = hn::Rebind<uint16_t, Bf16Float>;       // one element per f32

// To the nearest bf16, ties to even; NaN stays NaN.
template <class V>
HWY_INLINE hn::Vec<Bf16Bits> RoundToBits(V x) {
  return hn::BitCast(Bf16Bits(), hn::DemoteTo(hn::Rebind<hwy::bfloat16_t, Bf16Float>(), x));
}

HWY_INLINE hn::Vec<Bf16Float> LoadBf16(const uint16_t* p) {
  const Bf16Word dw;
  return hn::BitCast(Bf16Float(), hn::ShiftLeft<16>(hn::PromoteTo(dw, hn::Load(Bf16Bits(), p))));
}

// Stores the rows of two columns, rounded, from row `row` on. `column` is even. Where `has_odd` is
// false the second column does not exist, and `odd` is zero.
template <class V>
HWY_INLINE void StoreRounded(const Bf16Result& to, size_t row, size_t column, V even, V odd,
                             bool has_odd) {
  const Bf16Word dw;
  const auto low = RoundToBits(even);
  const auto high = RoundToBits(odd);
  hn::Store(low, Bf16Bits(), to.columns.Column(column) + row);
  if (has_odd) hn::Store(high, Bf16Bits(), to.columns.Column(column + 1) + row);
  const auto pair = hn::Or(hn::PromoteTo(dw, low), hn::ShiftLeft<16>(hn::PromoteTo(dw, high)));
  hn::Store(pair, dw, to.pairs.Column(column / 2) + row);
}

// One product epilogue(scale · a · b + initial), over pairs. Its result goes to c, or rounded to
// `rounded`; the contraction is not cut, because partial sums would have no place there.
struct Bf16Product {
  using Word = uint32_t;
  static constexpr bool kOnePass = true;

  const uint32_t* a;
  size_t lda;
  const uint32_t* b;
  size_t ldb;
  size_t rows;
  size_t cols;
  size_t depth;  // in pairs
  float scale = 1;
  const float* bias = nullptr;  // initial value per row, or none
  bool accumulate = false;      // initial value is c
  bool relu = false;
  ConstBf16Columns gate = {};  // zero where it is not positive; null data: no gate
  float* c = nullptr;
  size_t ldc = 0;
  Bf16Result rounded = {};
  ReadNext next = {};
};

HWY_INLINE void MoveRows(Bf16Product& p, size_t r) {
  p.a += r;
  if (p.bias != nullptr) p.bias += r;
  if (p.gate.data != nullptr) p.gate.data += r;
  MoveRows(p.next, r);
  if (p.c != nullptr) {
    p.c += r;
  } else {
    p.rounded.columns.data += r;
    p.rounded.pairs.data += r;
  }
}

template <size_t kV, size_t kN, class Indices>
HWY_INLINE void Start(const Bf16Product&, size_t, size_t, const Indices&, Sums<kV, kN>& sum) {
  HWY_UNROLL(kFlatTileCols)
  for (size_t n = 0; n < kN; ++n) {
    HWY_UNROLL(kSkipTileVectors)
    for (size_t v = 0; v < kV; ++v) sum[n][v] = hn::Zero(Bf16Float());
  }
}

template <class V, class S>
HWY_INLINE S Add(const Bf16Product&, V left, V right, S sum) {
  const Bf16Float d;
#if COLONNADE_NATIVE_BF16
  const hn::Repartition<hwy::bfloat16_t, Bf16Float> d16;
  auto rest = hn::Zero(d);  // the instruction leaves it alone
  return hn::ReorderWidenMulAccumulate(d, hn::BitCast(d16, left), hn::BitCast(d16, right), sum,
                                       rest);
#else
  const auto upper = hn::Set(Bf16Word(), 0xFFFF0000u);
  const auto odd = [&](V x) HWY_ATTR { return hn::BitCast(d, hn::And(x, upper)); };
  const auto even = [&](V x) HWY_ATTR { return hn::BitCast(d, hn::ShiftLeft<16>(x)); };
  return hn::MulAdd(even(left), even(right), hn::MulAdd(odd(left), odd(right), sum));
#endif
}

template <size_t kV, size_t kN, class Indices>
HWY_INLINE void Finish(const Bf16Product& p, size_t r, size_t j, const Indices&,
                       const Sums<kV, kN>& sum) {
  const Bf16Float d;
  const size_t lanes = hn::Lanes(d);
  const auto scale = hn::Set(d, p.scale);
  const auto result = [&](size_t n, size_t v) HWY_ATTR {
    const size_t row = r + v * lanes;
    auto initial = hn::Zero(d);
    if (p.bias != nullptr) initial = hn::Load(d, p.bias + row);
    if (p.accumulate) initial = hn::Load(d, p.c + (j + n) * p.ldc + row);
    auto x = hn::MulAdd(sum[n][v], scale, initial);
    if (p.relu) x = Relu(d, x);
    if (p.gate.data != nullptr) x = ReluGate(d, LoadBf16(p.gate.Column(j + n) + row), x);
    return x;
  };
  HWY_UNROLL(kFlatTileCols)
  for (size_t n = 0; n < kN; n += 2) {
    HWY_UNROLL(kSkipTileVectors)
    for (size_t v = 0; v < kV; ++v) {
      const size_t row = r + v * lanes;
      const bool has_odd = n + 1 < kN;
      const auto even = result(n, v);
      const auto odd = has_odd ? result(n + 1, v) : hn::Zero(d);
      if (p.c != nullptr) {
        hn::Store(even, d, p.c + (j + n) * p.ldc + row);
        if (has_odd) hn::Store(odd, d, p.c + (j + n + 1) * p.ldc + row);
      } else {
        StoreRounded(p.rounded, row, j + n, even, odd, has_odd);
      }
    }
  }
}

}  // namespace colonnade::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // COLONNADE_KERNELS_BF16_INL_H_
