// SPDX-License-Identifier: Apache-2.0
// Per-target code of products with few rows. Vectors along the rows would be mostly padding (6 of
// 16 lanes for the 10 classes of a network's output), so they lie along the columns instead, and
// tiles are transposed when they are stored. The sums are the same, bit for bit.
#if defined(COLONNADE_KERNELS_GEMM_NARROW_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef COLONNADE_KERNELS_GEMM_NARROW_INL_H_
#undef COLONNADE_KERNELS_GEMM_NARROW_INL_H_
#else
#define COLONNADE_KERNELS_GEMM_NARROW_INL_H_
#endif

#include "hwy/highway.h"
#include "kernels/gemm-inl.h"
#include "kernels/transpose-inl.h"

HWY_BEFORE_NAMESPACE();
namespace colonnade::kernels::HWY_NAMESPACE {

// Rows up to which this pays, and vectors along the columns of a tile: their product is the number
// of sums.
inline constexpr size_t kNarrowRows = 12;
inline constexpr size_t kNarrowVectors = kTileVectors / 2;

// What a sum starts from, and what becomes of it in the end, `initial` being what the result held
// or 0.
template <class V>
HWY_INLINE V NarrowStart(const Product&, V initial) {
  return initial;
}
template <class V>
HWY_INLINE V NarrowFinish(const Product&, V sum, V) {
  return hn::Add(sum, hn::Zero(hn::DFromV<V>()));  // -0 becomes +0
}

// Rows 0 .. kM-1 of kV vectors of columns from `j` on.
template <size_t kV, size_t kM, class P>
HWY_NOINLINE void NarrowTile(const P& p, size_t j) {
  const hn::ScalableTag<typename P::Word> dw;
  const hn::CappedTag<float, kPadFloats> d;
  using V = hn::Vec<decltype(d)>;
  const size_t lanes = hn::Lanes(d);
  HWY_ALIGN float square[kV][kPadFloats * kPadFloats] = {};  // row i at i · kPadFloats
  if (p.accumulate) {
    for (size_t v = 0; v < kV; ++v) {
      for (size_t l = 0; l < lanes; ++l) {
        const float* column = p.c + (j + v * lanes + l) * p.ldc;
        for (size_t i = 0; i < kM; ++i) square[v][i * kPadFloats + l] = column[i];
      }
    }
  }
  V sum[kM][kV];
  HWY_UNROLL(kNarrowRows)
  for (size_t i = 0; i < kM; ++i) {
    HWY_UNROLL(kNarrowVectors)
    for (size_t v = 0; v < kV; ++v) {
      sum[i][v] = NarrowStart(p, hn::Load(d, square[v] + i * kPadFloats));
    }
  }
  const size_t depth = p.depth;
  for (size_t k = 0; k < depth; ++k) {
    const auto* HWY_RESTRICT a = p.a + k * p.lda;
    const auto* HWY_RESTRICT b = p.b + j + k * p.ldb;
    hn::Vec<decltype(dw)> right[kV];
    HWY_UNROLL(kNarrowVectors)
    for (size_t v = 0; v < kV; ++v) right[v] = hn::LoadU(dw, b + v * lanes);
    HWY_UNROLL(kNarrowRows)
    for (size_t i = 0; i < kM; ++i) {
      const auto left = hn::Set(dw, a[i]);
      HWY_UNROLL(kNarrowVectors)
      for (size_t v = 0; v < kV; ++v) sum[i][v] = Add(p, left, right[v], sum[i][v]);
    }
  }
  HWY_UNROLL(kNarrowVectors)
  for (size_t v = 0; v < kV; ++v) {
    HWY_UNROLL(kNarrowRows)
    for (size_t i = 0; i < kM; ++i) {
      float* row = square[v] + i * kPadFloats;
      hn::Store(NarrowFinish(p, sum[i][v], hn::Load(d, row)), d, row);
    }
    TransposeSquare(reinterpret_cast<const uint32_t*>(square[v]), kPadFloats,
                    reinterpret_cast<uint32_t*>(p.c + (j + v * lanes) * p.ldc), p.ldc, lanes);
  }
}

template <size_t kV, size_t kMaxM, class P>
HWY_INLINE void NarrowTileOfRows(const P& p, size_t rows, size_t j) {
  if constexpr (kMaxM > 1) {
    if (rows < kMaxM) return NarrowTileOfRows<kV, kMaxM - 1>(p, rows, j);
  }
  NarrowTile<kV, kMaxM>(p, j);
}

// All of a product of `rows` ≤ kNarrowRows rows, whose right factor is read along its rows. What is
// left of the columns goes the usual way.
template <class P>
void MultiplyNarrow(const P& p, size_t rows) {
  const size_t lanes = hn::Lanes(hn::ScalableTag<float>());
  size_t j = 0;
  for (; j + kNarrowVectors * lanes <= p.cols; j += kNarrowVectors * lanes) {
    NarrowTileOfRows<kNarrowVectors, kNarrowRows>(p, rows, j);
  }
  if (j == p.cols) return;
  P rest = p;
  rest.b += j;
  rest.c += j * p.ldc;
  rest.cols -= j;
  for (size_t m = 0; m < rest.next.count; ++m) {
    rest.next.matrices[m] = rest.next.matrices[m].Columns(j, rest.cols);
  }
  Multiply<Right::kRows>(rest);
}

}  // namespace colonnade::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // COLONNADE_KERNELS_GEMM_NARROW_INL_H_
