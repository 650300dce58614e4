// SPDX-License-Identifier: Apache-2.0
#include "kernels/convert.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/convert.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"
#include "kernels/convert-inl.h"

HWY_BEFORE_NAMESPACE();
namespace colonnade::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

template <class T>
HWY_INLINE void GatherColumns(View<const T> from, const uint32_t* indices, const float* offset,
                              const float* scale, Matrix to, Nonzeros nonzeros) {
  const hn::ScalableTag<float> d;
  for (size_t c = 0; c < to.cols; ++c) {
    if (c + kPrefetchColumns < to.cols) {
      PrefetchColumn(from.Column(indices[c + kPrefetchColumns]), from.rows);
    }
    const T* HWY_RESTRICT in = from.Column(indices[c]);
    float* HWY_RESTRICT out = to.Column(c);
    for (size_t r = 0; r < PaddedRows(to.rows); r += hn::Lanes(d)) {
      const auto shifted = hn::Sub(LoadFloats(d, in + r), hn::Load(d, offset + r));
      hn::Store(hn::Mul(shifted, hn::Load(d, scale + r)), d, out + r);
    }
    if (nonzeros.data != nullptr) {
      FindNonzeros(out, PaddedRows(to.rows), nonzeros.Column(c), nonzeros.rows);
    }
  }
}

void ScaleTarget(ConstMatrix from, const float* offset, const float* scale, Matrix to,
                 Nonzeros nonzeros) {
  const hn::CappedTag<float, kPadFloats> d;
  for (size_t c = 0; c < to.cols; ++c) {
    const float* HWY_RESTRICT in = from.Column(c);
    float* HWY_RESTRICT out = to.Column(c);
    for (size_t r = 0; r < PaddedRows(to.rows); r += hn::Lanes(d)) {
      const size_t left = r < to.rows ? to.rows - r : 0;
      const auto values =
          HWY_LIKELY(left >= hn::Lanes(d)) ? hn::LoadU(d, in + r) : hn::LoadN(d, in + r, left);
      const auto shifted = hn::Sub(values, hn::Load(d, offset + r));
      hn::Store(hn::Mul(shifted, hn::Load(d, scale + r)), d, out + r);
    }
    if (nonzeros.data != nullptr) {
      FindNonzeros(out, PaddedRows(to.rows), nonzeros.Column(c), nonzeros.rows);
    }
  }
}

void GatherBytesTarget(View<const uint8_t> from, const uint32_t* indices, const float* offset,
                       const float* scale, Matrix to, Nonzeros nonzeros) {
  GatherColumns(from, indices, offset, scale, to, nonzeros);
}

void GatherFloatsTarget(ConstMatrix from, const uint32_t* indices, const float* offset,
                        const float* scale, Matrix to, Nonzeros nonzeros) {
  GatherColumns(from, indices, offset, scale, to, nonzeros);
}

}  // namespace colonnade::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace colonnade::kernels {

HWY_EXPORT(GatherBytesTarget);
HWY_EXPORT(GatherFloatsTarget);
HWY_EXPORT(ScaleTarget);

void Gather(View<const uint8_t> from, const uint32_t* indices, const float* offset,
            const float* scale, Matrix to, Nonzeros nonzeros) noexcept {
  HWY_DYNAMIC_DISPATCH(GatherBytesTarget)(from, indices, offset, scale, to, nonzeros);
}

void Gather(ConstMatrix from, const uint32_t* indices, const float* offset, const float* scale,
            Matrix to, Nonzeros nonzeros) noexcept {
  HWY_DYNAMIC_DISPATCH(GatherFloatsTarget)(from, indices, offset, scale, to, nonzeros);
}

void Scale(ConstMatrix from, const float* offset, const float* scale, Matrix to,
           Nonzeros nonzeros) noexcept {
  HWY_DYNAMIC_DISPATCH(ScaleTarget)(from, offset, scale, to, nonzeros);
}

}  // namespace colonnade::kernels
#endif  // HWY_ONCE
