#include "kernels/activation.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/activation.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"
#include "kernels/activation-inl.h"

HWY_BEFORE_NAMESPACE();
namespace colonnade::kernels::HWY_NAMESPACE {

void ReluTarget(ConstMatrix z, Matrix a) {
  const hn::ScalableTag<float> d;
  for (size_t c = 0; c < z.cols; ++c) {
    for (size_t r = 0; r < PaddedRows(z.rows); r += hn::Lanes(d)) {
      hn::Store(Relu(d, hn::Load(d, z.Column(c) + r)), d, a.Column(c) + r);
    }
  }
}

void ReluGradientTarget(ConstMatrix a, ConstMatrix da, Matrix dz) {
  const hn::ScalableTag<float> d;
  for (size_t c = 0; c < a.cols; ++c) {
    for (size_t r = 0; r < PaddedRows(a.rows); r += hn::Lanes(d)) {
      const auto gradient = hn::Load(d, da.Column(c) + r);
      hn::Store(ReluGate(d, hn::Load(d, a.Column(c) + r), gradient), d, dz.Column(c) + r);
    }
  }
}

}  // namespace colonnade::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace colonnade::kernels {

HWY_EXPORT(ReluTarget);
HWY_EXPORT(ReluGradientTarget);

void Relu(ConstMatrix z, Matrix a) noexcept { HWY_DYNAMIC_DISPATCH(ReluTarget)(z, a); }

void ReluGradient(ConstMatrix a, ConstMatrix da, Matrix dz) noexcept {
  HWY_DYNAMIC_DISPATCH(ReluGradientTarget)(a, da, dz);
}

}  // namespace colonnade::kernels
#endif  // HWY_ONCE
