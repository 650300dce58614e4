// SPDX-License-Identifier: Apache-2.0
// Conversions to the layouts of bf16.h.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/bf16_convert.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"
#include "kernels/bf16-inl.h"
#include "kernels/convert-inl.h"
#include "kernels/transpose-inl.h"

HWY_BEFORE_NAMESPACE();
namespace colonnade::kernels::HWY_NAMESPACE {

void RoundToBf16Target(ConstMatrix from, Bf16Result to) {
  const Bf16Float d;
  for (size_t c = 0; c < from.cols; c += 2) {
    const bool has_odd = c + 1 < from.cols;
    for (size_t r = 0; r < PaddedRows(from.rows); r += hn::Lanes(d)) {
      const auto odd = has_odd ? hn::Load(d, from.Column(c + 1) + r) : hn::Zero(d);
      StoreRounded(to, r, c, hn::Load(d, from.Column(c) + r), odd, has_odd);
    }
  }
}

void RoundToBf16PairsTarget(ConstMatrix from, Bf16Pairs to) {
  const Bf16Float d;
  const Bf16Word dw;
  for (size_t c = 0; c < from.cols; c += 2) {
    const bool has_odd = c + 1 < from.cols;
    for (size_t r = 0; r < PaddedRows(from.rows); r += hn::Lanes(d)) {
      const auto even = RoundToBits(hn::Load(d, from.Column(c) + r));
      const auto odd = RoundToBits(has_odd ? hn::Load(d, from.Column(c + 1) + r) : hn::Zero(d));
      hn::Store(hn::Or(hn::PromoteTo(dw, even), hn::ShiftLeft<16>(hn::PromoteTo(dw, odd))), dw,
                to.Column(c / 2) + r);
    }
  }
}

void RoundToTransposedBf16PairsTarget(ConstMatrix from, Bf16Pairs to) {
  const Bf16Float d;
  // Rows of a block: so many that a column of its pairs fills a square of the transposition.
  constexpr size_t kRows = 2 * kPadFloats;
  HWY_ALIGN uint16_t rounded[kPadFloats * kRows];
  const size_t padded = PaddedRows(from.rows);
  for (size_t c = 0; c < from.cols; c += kPadFloats) {
    const size_t cols = HWY_MIN(kPadFloats, from.cols - c);
    hwy::ZeroBytes(rounded, sizeof(rounded));
    for (size_t r = 0; r < padded; r += kRows) {
      const size_t rows = HWY_MIN(kRows, padded - r);
      if (rows < kRows) hwy::ZeroBytes(rounded, sizeof(rounded));
      for (size_t n = 0; n < cols; ++n) {
        for (size_t i = 0; i < rows; i += hn::Lanes(d)) {
          hn::Store(RoundToBits(hn::Load(d, from.Column(c + n) + r + i)), Bf16Bits(),
                    rounded + n * kRows + i);
        }
      }
      TransposeSquare(reinterpret_cast<const uint32_t*>(rounded), kPadFloats, to.Column(r / 2) + c,
                      to.stride, HWY_MIN(kPadFloats, PairsOf(from.rows - r)));
    }
  }
}

template <class T>
HWY_INLINE void GatherRounded(View<const T> from, const uint32_t* indices, const float* offset,
                              const float* scale, Bf16Result to) {
  const Bf16Float d;
  const size_t cols = to.columns.cols;
  for (size_t c = 0; c < cols; c += 2) {
    const bool has_odd = c + 1 < cols;
    for (size_t ahead = c + kPrefetchColumns; ahead < HWY_MIN(c + kPrefetchColumns + 2, cols);
         ++ahead) {
      PrefetchColumn(from.Column(indices[ahead]), from.rows);
    }
    const T* HWY_RESTRICT even = from.Column(indices[c]);
    const T* HWY_RESTRICT odd = has_odd ? from.Column(indices[c + 1]) : nullptr;
    for (size_t r = 0; r < PaddedRows(to.columns.rows); r += hn::Lanes(d)) {
      const auto shift = hn::Load(d, offset + r);
      const auto factor = hn::Load(d, scale + r);
      const auto scaled = [&](const T* column) HWY_ATTR {
        return hn::Mul(hn::Sub(LoadFloats(d, column + r), shift), factor);
      };
      StoreRounded(to, r, c, scaled(even), has_odd ? scaled(odd) : hn::Zero(d), has_odd);
    }
  }
}

void Bf16GatherBytesTarget(View<const uint8_t> from, const uint32_t* indices, const float* offset,
                           const float* scale, Bf16Result to) {
  GatherRounded(from, indices, offset, scale, to);
}

void Bf16GatherFloatsTarget(ConstMatrix from, const uint32_t* indices, const float* offset,
                            const float* scale, Bf16Result to) {
  GatherRounded(from, indices, offset, scale, to);
}

}  // namespace colonnade::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace colonnade::kernels {

HWY_EXPORT(RoundToBf16Target);
HWY_EXPORT(RoundToBf16PairsTarget);
HWY_EXPORT(RoundToTransposedBf16PairsTarget);
HWY_EXPORT(Bf16GatherBytesTarget);
HWY_EXPORT(Bf16GatherFloatsTarget);

void RoundToBf16(ConstMatrix from, Bf16Result to) noexcept {
  HWY_DYNAMIC_DISPATCH(RoundToBf16Target)(from, to);
}

void RoundToBf16Pairs(ConstMatrix from, Bf16Pairs to) noexcept {
  HWY_DYNAMIC_DISPATCH(RoundToBf16PairsTarget)(from, to);
}

void RoundToTransposedBf16Pairs(ConstMatrix from, Bf16Pairs to) noexcept {
  HWY_DYNAMIC_DISPATCH(RoundToTransposedBf16PairsTarget)(from, to);
}

void Bf16Gather(View<const uint8_t> from, const uint32_t* indices, const float* offset,
                const float* scale, Bf16Result to) noexcept {
  HWY_DYNAMIC_DISPATCH(Bf16GatherBytesTarget)(from, indices, offset, scale, to);
}

void Bf16Gather(ConstMatrix from, const uint32_t* indices, const float* offset, const float* scale,
                Bf16Result to) noexcept {
  HWY_DYNAMIC_DISPATCH(Bf16GatherFloatsTarget)(from, indices, offset, scale, to);
}

}  // namespace colonnade::kernels
#endif  // HWY_ONCE
