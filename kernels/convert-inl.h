// SPDX-License-Identifier: Apache-2.0
// Per-target pieces of gathering stored examples.
#if defined(COLONNADE_KERNELS_CONVERT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef COLONNADE_KERNELS_CONVERT_INL_H_
#undef COLONNADE_KERNELS_CONVERT_INL_H_
#else
#define COLONNADE_KERNELS_CONVERT_INL_H_
#endif

#include "hwy/cache_control.h"
#include "hwy/highway.h"
#include "kernels/matrix.h"

HWY_BEFORE_NAMESPACE();
namespace colonnade::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Lanes(d) stored values from `p` on, as floats.
template <class D>
HWY_INLINE hn::Vec<D> LoadFloats(D d, const float* p) {
  return hn::LoadU(d, p);
}
template <class D>
HWY_INLINE hn::Vec<D> LoadFloats(D d, const uint8_t* p) {
  const hn::Rebind<int32_t, D> di;
  const hn::Rebind<uint8_t, D> du;
  return hn::ConvertTo(d, hn::PromoteTo(di, hn::LoadU(du, p)));
}

// Sets bit r of `words` where column[r] is not zero. Not(Eq) and not Ne, which is false for NaN.
HWY_INLINE void FindNonzeros(const float* column, size_t padded_rows, uint64_t* words,
                             size_t count) {
  const hn::CappedTag<float, kPadFloats> d;
  const size_t lanes = hn::Lanes(d);
  for (size_t w = 0; w < count; ++w) {
    uint64_t word = 0;
    for (size_t r = 64 * w; r < HWY_MIN(64 * (w + 1), padded_rows); r += lanes) {
      uint8_t bits[8];
      hn::StoreMaskBits(d, hn::Not(hn::Eq(hn::Load(d, column + r), hn::Zero(d))), bits);
      const uint64_t low = bits[0] | (lanes > 8 ? uint64_t{bits[1]} << 8 : 0);
      word |= low << (r % 64);
    }
    words[w] = word;
  }
}

// Columns ahead of the one being copied whose memory is asked for. Chosen examples lie anywhere, so
// that no hardware prefetcher can guess the next one.
inline constexpr size_t kPrefetchColumns = 4;

template <class T>
HWY_INLINE void PrefetchColumn(const T* column, size_t rows) {
  const auto* bytes = reinterpret_cast<const char*>(column);
  for (size_t i = 0; i < rows * sizeof(T); i += kAlignment) hwy::Prefetch(bytes + i);
}

}  // namespace colonnade::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // COLONNADE_KERNELS_CONVERT_INL_H_
