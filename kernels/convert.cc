#include "kernels/convert.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/convert.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"

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

template <class T>
HWY_INLINE void GatherColumns(View<const T> from, const uint32_t* indices, const float* offset,
                              const float* scale, Matrix to) {
  const hn::ScalableTag<float> d;
  for (size_t c = 0; c < to.cols; ++c) {
    const T* HWY_RESTRICT in = from.Column(indices[c]);
    float* HWY_RESTRICT out = to.Column(c);
    for (size_t r = 0; r < PaddedRows(to.rows); r += hn::Lanes(d)) {
      const auto shifted = hn::Sub(LoadFloats(d, in + r), hn::Load(d, offset + r));
      hn::Store(hn::Mul(shifted, hn::Load(d, scale + r)), d, out + r);
    }
  }
}

void GatherBytesTarget(View<const uint8_t> from, const uint32_t* indices, const float* offset,
                       const float* scale, Matrix to) {
  GatherColumns(from, indices, offset, scale, to);
}

void GatherFloatsTarget(ConstMatrix from, const uint32_t* indices, const float* offset,
                        const float* scale, Matrix to) {
  GatherColumns(from, indices, offset, scale, to);
}

}  // namespace colonnade::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace colonnade::kernels {

HWY_EXPORT(GatherBytesTarget);
HWY_EXPORT(GatherFloatsTarget);

void Gather(View<const uint8_t> from, const uint32_t* indices, const float* offset,
            const float* scale, Matrix to) noexcept {
  HWY_DYNAMIC_DISPATCH(GatherBytesTarget)(from, indices, offset, scale, to);
}

void Gather(ConstMatrix from, const uint32_t* indices, const float* offset, const float* scale,
            Matrix to) noexcept {
  HWY_DYNAMIC_DISPATCH(GatherFloatsTarget)(from, indices, offset, scale, to);
}

}  // namespace colonnade::kernels
#endif  // HWY_ONCE
