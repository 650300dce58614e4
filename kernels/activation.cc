// SPDX-License-Identifier: Apache-2.0
#include "kernels/activation.h"

#include <array>

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
template <class Body, class... F>
HWY_INLINE void Select(Nonlinearity f, const Body& body, FunctionList<F...>) {
  size_t place = 0;
  static_cast<void>(((place++ == static_cast<size_t>(f) && (body(F()), true)) || ...));
}

void ApplyTarget(Nonlinearity f, ConstMatrix z, Matrix a) {
  Select(f, [&](auto function) { ApplyFunction<decltype(function)>(z, a); }, Functions());
}

void ApplyGradientTarget(Nonlinearity f, ConstMatrix kept, ConstMatrix da, Matrix dz) {
  Select(f, [&](auto function) { ApplyDerivative<decltype(function)>(kept, da, dz); }, Functions());
}

}  // namespace colonnade::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace colonnade::kernels {

HWY_EXPORT(ReluTarget);
HWY_EXPORT(ReluGradientTarget);
HWY_EXPORT(ApplyTarget);
HWY_EXPORT(ApplyGradientTarget);

namespace {

struct Entry {
  std::string_view name;
  bool derivative_takes_input;
};

template <class... F>
constexpr std::array<Entry, sizeof...(F)> Entries(HWY_NAMESPACE::FunctionList<F...>) {
  return {{{F::kName, F::kDerivativeTakesInput}...}};
}

constexpr std::array kEntries = Entries(HWY_NAMESPACE::Functions());

}  // namespace

void Relu(ConstMatrix z, Matrix a) noexcept { HWY_DYNAMIC_DISPATCH(ReluTarget)(z, a); }

void ReluGradient(ConstMatrix a, ConstMatrix da, Matrix dz) noexcept {
  HWY_DYNAMIC_DISPATCH(ReluGradientTarget)(a, da, dz);
}

std::optional<Nonlinearity> FindNonlinearity(std::string_view name) noexcept {
  for (size_t f = 0; f < kEntries.size(); ++f) {
    if (kEntries[f].name == name) return Nonlinearity{f};
  }
  return std::nullopt;
}

bool DerivativeTakesInput(Nonlinearity f) noexcept {
  return kEntries[static_cast<size_t>(f)].derivative_takes_input;
}

void Apply(Nonlinearity f, ConstMatrix z, Matrix a) noexcept {
  HWY_DYNAMIC_DISPATCH(ApplyTarget)(f, z, a);
}

void ApplyGradient(Nonlinearity f, ConstMatrix kept, ConstMatrix da, Matrix dz) noexcept {
  HWY_DYNAMIC_DISPATCH(ApplyGradientTarget)(f, kept, da, dz);
}

}  // namespace colonnade::kernels
#endif  // HWY_ONCE
