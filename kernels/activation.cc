#include "kernels/activation.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/activation.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"
#include "kernels/activation-inl.h"
#include "kernels/nonlinear-inl.h"

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

template <class F>
void ApplyFunction(ConstMatrix z, Matrix a) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  for (size_t c = 0; c < z.cols; ++c) {
    for (size_t r = 0; r < PaddedRows(z.rows); r += lanes) {
      auto value = F::Value(d, hn::Load(d, z.Column(c) + r));
      // f(0) need not be 0, but padding must be.
      if (r + lanes > z.rows) {
        value = hn::IfThenElseZero(hn::FirstN(d, r < z.rows ? z.rows - r : 0), value);
      }
      hn::Store(value, d, a.Column(c) + r);
    }
  }
}

template <class F>
void ApplyDerivative(ConstMatrix kept, ConstMatrix da, Matrix dz) {
  const hn::ScalableTag<float> d;
  for (size_t c = 0; c < kept.cols; ++c) {
    for (size_t r = 0; r < PaddedRows(kept.rows); r += hn::Lanes(d)) {
      const auto derivative = F::Derivative(d, hn::Load(d, kept.Column(c) + r));
      hn::Store(hn::Mul(derivative, hn::Load(d, da.Column(c) + r)), d, dz.Column(c) + r);
    }
  }
}

// Calls body with the function's type.
template <class Body>
HWY_INLINE void Select(Nonlinearity f, const Body& body) {
  switch (f) {
    case Nonlinearity::kLeakyRelu:
      return body(LeakyReluFunction());
    case Nonlinearity::kElu:
      return body(EluFunction());
    case Nonlinearity::kGelu:
      return body(GeluFunction());
    case Nonlinearity::kSilu:
      return body(SiluFunction());
    case Nonlinearity::kTanh:
      return body(TanhFunction());
    case Nonlinearity::kSigmoid:
      return body(SigmoidFunction());
  }
}

void ApplyTarget(Nonlinearity f, ConstMatrix z, Matrix a) {
  Select(f, [&](auto function) { ApplyFunction<decltype(function)>(z, a); });
}

void ApplyGradientTarget(Nonlinearity f, ConstMatrix kept, ConstMatrix da, Matrix dz) {
  Select(f, [&](auto function) { ApplyDerivative<decltype(function)>(kept, da, dz); });
}

}  // namespace colonnade::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace colonnade::kernels {

HWY_EXPORT(ReluTarget);
HWY_EXPORT(ReluGradientTarget);
HWY_EXPORT(ApplyTarget);
HWY_EXPORT(ApplyGradientTarget);

void Relu(ConstMatrix z, Matrix a) noexcept { HWY_DYNAMIC_DISPATCH(ReluTarget)(z, a); }

void ReluGradient(ConstMatrix a, ConstMatrix da, Matrix dz) noexcept {
  HWY_DYNAMIC_DISPATCH(ReluGradientTarget)(a, da, dz);
}

void Apply(Nonlinearity f, ConstMatrix z, Matrix a) noexcept {
  HWY_DYNAMIC_DISPATCH(ApplyTarget)(f, z, a);
}

void ApplyGradient(Nonlinearity f, ConstMatrix kept, ConstMatrix da, Matrix dz) noexcept {
  HWY_DYNAMIC_DISPATCH(ApplyGradientTarget)(f, kept, da, dz);
}

}  // namespace colonnade::kernels
#endif  // HWY_ONCE
