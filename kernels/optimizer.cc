#include "kernels/optimizer.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/optimizer.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace colonnade::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

void SgdUpdateTarget(Matrix w, ConstMatrix gradient, float rate) {
  const hn::ScalableTag<float> d;
  const auto step = hn::Set(d, rate);
  for (size_t c = 0; c < w.cols; ++c) {
    float* HWY_RESTRICT wc = w.Column(c);
    const float* HWY_RESTRICT gc = gradient.Column(c);
    for (size_t r = 0; r < PaddedRows(w.rows); r += hn::Lanes(d)) {
      hn::Store(hn::NegMulAdd(step, hn::Load(d, gc + r), hn::Load(d, wc + r)), d, wc + r);
    }
  }
}

void MomentumUpdateTarget(Matrix w, ConstMatrix gradient, Matrix velocity, float rate,
                          float momentum) {
  const hn::ScalableTag<float> d;
  const auto step = hn::Set(d, rate);
  const auto keep = hn::Set(d, momentum);
  for (size_t c = 0; c < w.cols; ++c) {
    float* HWY_RESTRICT wc = w.Column(c);
    float* HWY_RESTRICT vc = velocity.Column(c);
    const float* HWY_RESTRICT gc = gradient.Column(c);
    for (size_t r = 0; r < PaddedRows(w.rows); r += hn::Lanes(d)) {
      const auto v = hn::MulAdd(keep, hn::Load(d, vc + r), hn::Load(d, gc + r));
      hn::Store(v, d, vc + r);
      hn::Store(hn::NegMulAdd(step, v, hn::Load(d, wc + r)), d, wc + r);
    }
  }
}

}  // namespace colonnade::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace colonnade::kernels {

HWY_EXPORT(SgdUpdateTarget);
HWY_EXPORT(MomentumUpdateTarget);

void SgdUpdate(Matrix w, ConstMatrix gradient, float rate) noexcept {
  HWY_DYNAMIC_DISPATCH(SgdUpdateTarget)(w, gradient, rate);
}

void MomentumUpdate(Matrix w, ConstMatrix gradient, Matrix velocity, float rate,
                    float momentum) noexcept {
  HWY_DYNAMIC_DISPATCH(MomentumUpdateTarget)(w, gradient, velocity, rate, momentum);
}

}  // namespace colonnade::kernels
#endif  // HWY_ONCE
