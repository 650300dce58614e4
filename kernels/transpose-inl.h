// SPDX-License-Identifier: Apache-2.0
// Per-target transposition of 32-bit words, f32 or pairs of bf16.
#if defined(COLONNADE_KERNELS_TRANSPOSE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef COLONNADE_KERNELS_TRANSPOSE_INL_H_
#undef COLONNADE_KERNELS_TRANSPOSE_INL_H_
#else
#define COLONNADE_KERNELS_TRANSPOSE_INL_H_
#endif

#include "hwy/highway.h"
#include "kernels/matrix.h"

HWY_BEFORE_NAMESPACE();
namespace colonnade::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// to[c + r · to_stride] = from[r + c · from_stride] for c < kPadFloats, r < rows ≤ kPadFloats. All
// kPadFloats rows of `from` are readable. In squares of 4 × 4, which every target transposes with
// two shuffles a vector.
HWY_INLINE void TransposeSquare(const uint32_t* from, size_t from_stride, uint32_t* to,
                                size_t to_stride, size_t rows) {
  const hn::FixedTag<uint32_t, 4> d;
  const hn::Repartition<uint64_t, decltype(d)> d64;
  for (size_t c = 0; c < kPadFloats; c += 4) {
    for (size_t r = 0; r < rows; r += 4) {
      const uint32_t* square = from + r + c * from_stride;
      const auto c0 = hn::Load(d, square);
      const auto c1 = hn::Load(d, square + from_stride);
      const auto c2 = hn::Load(d, square + 2 * from_stride);
      const auto c3 = hn::Load(d, square + 3 * from_stride);
      const auto low01 = hn::BitCast(d64, hn::InterleaveLower(d, c0, c1));  // rows 0 and 1
      const auto low23 = hn::BitCast(d64, hn::InterleaveLower(d, c2, c3));
      const auto high01 = hn::BitCast(d64, hn::InterleaveUpper(d, c0, c1));  // rows 2 and 3
      const auto high23 = hn::BitCast(d64, hn::InterleaveUpper(d, c2, c3));
      uint32_t* out = to + c + r * to_stride;
      hn::Store(hn::BitCast(d, hn::InterleaveLower(d64, low01, low23)), d, out);
      if (r + 1 >= rows) continue;
      hn::Store(hn::BitCast(d, hn::InterleaveUpper(d64, low01, low23)), d, out + to_stride);
      if (r + 2 >= rows) continue;
      hn::Store(hn::BitCast(d, hn::InterleaveLower(d64, high01, high23)), d, out + 2 * to_stride);
      if (r + 3 >= rows) continue;
      hn::Store(hn::BitCast(d, hn::InterleaveUpper(d64, high01, high23)), d, out + 3 * to_stride);
    }
  }
}

}  // namespace colonnade::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // COLONNADE_KERNELS_TRANSPOSE_INL_H_
