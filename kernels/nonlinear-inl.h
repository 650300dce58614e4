// SPDX-License-Identifier: Apache-2.0
// Per-target code of the activation functions that take more than a comparison: values and
// derivatives on vectors.
#if defined(COLONNADE_KERNELS_NONLINEAR_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef COLONNADE_KERNELS_NONLINEAR_INL_H_
#undef COLONNADE_KERNELS_NONLINEAR_INL_H_
#else
#define COLONNADE_KERNELS_NONLINEAR_INL_H_
#endif

#include "hwy/contrib/math/math-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace colonnade::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Each function has the name that FindNonlinearity() takes, Value(d, z) and Derivative(d, x), x
// being the value, or z where kDerivativeTakesInput. NaN gives NaN. Derivatives have an absolute
// error of at most 4e-7; the errors of values are in units of the last place of the exact value, on
// targets with FMA, which all give the same bits; results below the smallest normal number may be
// 0. Tests check all of this.

// z, or 0.01 · z where z < 0; correctly rounded.
struct LeakyReluFunction {
  static constexpr char kName[] = "leaky-relu";
  static constexpr bool kDerivativeTakesInput = false;
  static constexpr float kSlope = 0.01f;

  template <class D, class V = hn::Vec<D>>
  static HWY_INLINE V Value(D d, V z) {
    return hn::IfThenElse(hn::Lt(z, hn::Zero(d)), hn::Mul(z, hn::Set(d, kSlope)), z);
  }
  template <class D, class V = hn::Vec<D>>
  static HWY_INLINE V Derivative(D d, V a) {
    return hn::IfThenElse(hn::Gt(a, hn::Zero(d)), hn::Set(d, 1.0f), hn::Set(d, kSlope));
  }
};

// z, or exp(z) − 1 where z < 0; 4 ulp.
struct EluFunction {
  static constexpr char kName[] = "elu";
  static constexpr bool kDerivativeTakesInput = false;

  template <class D, class V = hn::Vec<D>>
  static HWY_INLINE V Value(D d, V z) {
    return hn::IfThenElse(hn::Lt(z, hn::Zero(d)), hn::Expm1(d, z), z);
  }
  template <class D, class V = hn::Vec<D>>
  static HWY_INLINE V Derivative(D d, V a) {
    const V one = hn::Set(d, 1.0f);
    return hn::IfThenElse(hn::Gt(a, hn::Zero(d)), one, hn::Add(a, one));
  }
};

// 1.0507 · z, or 1.0507 · 1.6733 · (exp(z) − 1) where z ≤ 0, the factors of Klambauer et al. 2017;
// 6 ulp.
struct SeluFunction {
  static constexpr char kName[] = "selu";
  static constexpr bool kDerivativeTakesInput = false;
  static constexpr float kScale = 1.0507009873554805f;
  static constexpr float kNegativeScale = 1.7580993408473766f;

  template <class D, class V = hn::Vec<D>>
  static HWY_INLINE V Value(D d, V z) {
    return hn::IfThenElse(hn::Lt(z, hn::Zero(d)),
                          hn::Mul(hn::Set(d, kNegativeScale), hn::Expm1(d, z)),
                          hn::Mul(hn::Set(d, kScale), z));
  }
  template <class D, class V = hn::Vec<D>>
  static HWY_INLINE V Derivative(D d, V a) {
    return hn::IfThenElse(hn::Gt(a, hn::Zero(d)), hn::Set(d, kScale),
                          hn::Add(a, hn::Set(d, kNegativeScale)));
  }
};

// 4 ulp.
struct TanhFunction {
  static constexpr char kName[] = "tanh";
  static constexpr bool kDerivativeTakesInput = false;

  template <class D, class V = hn::Vec<D>>
  static HWY_INLINE V Value(D d, V z) {
    return hn::IfThenElse(hn::IsNaN(z), z, hn::Tanh(d, z));  // Tanh alone: a number
  }
  template <class D, class V = hn::Vec<D>>
  static HWY_INLINE V Derivative(D d, V a) {
    return hn::NegMulAdd(a, a, hn::Set(d, 1.0f));
  }
};

// sigmoid(z) and 1 − sigmoid(z) = sigmoid(−z), both without cancellation.
template <class V>
struct SigmoidPair {
  V value, complement;
};

template <class D, class V = hn::Vec<D>>
HWY_INLINE SigmoidPair<V> Sigmoid(D d, V z) {
  const V one = hn::Set(d, 1.0f);
  const V e = hn::Exp(d, hn::Neg(hn::Abs(z)));
  const V larger = hn::Div(one, hn::Add(one, e));
  const V smaller = hn::Mul(e, larger);
  const auto negative = hn::Lt(z, hn::Zero(d));
  return {hn::IfThenElse(negative, smaller, larger), hn::IfThenElse(negative, larger, smaller)};
}

// 1 / (1 + exp(−z)); 3 ulp.
struct SigmoidFunction {
  static constexpr char kName[] = "sigmoid";
  static constexpr bool kDerivativeTakesInput = false;

  template <class D, class V = hn::Vec<D>>
  static HWY_INLINE V Value(D d, V z) {
    return hn::IfThenElse(hn::IsNaN(z), z, Sigmoid(d, z).value);  // Exp of NaN is a number
  }
  template <class D, class V = hn::Vec<D>>
  static HWY_INLINE V Derivative(D, V a) {
    return hn::NegMulAdd(a, a, a);
  }
};

// z · sigmoid(z); 4 ulp.
struct SiluFunction {
  static constexpr char kName[] = "silu";
  static constexpr bool kDerivativeTakesInput = true;

  template <class D, class V = hn::Vec<D>>
  static HWY_INLINE V Value(D d, V z) {
    return hn::Mul(z, Sigmoid(d, z).value);
  }
  template <class D, class V = hn::Vec<D>>
  static HWY_INLINE V Derivative(D d, V z) {
    const auto s = Sigmoid(d, z);
    return hn::MulAdd(hn::Mul(z, s.complement), s.value, s.value);
  }
};

// tanh(log(1 + exp(z))) = n / d, with n and d free of cancellation, and without overflow by
// e = exp(−|z|): n = e² + 2e and d = n + 2 where z < 0, else n = 1 + 2e and d = n + 2e².
template <class V>
struct MishQuotient {
  V e, n, d;
};

template <class D, class V = hn::Vec<D>>
HWY_INLINE MishQuotient<V> Mish(D d, V z) {
  const V two = hn::Set(d, 2.0f);
  const V e = hn::Exp(d, hn::Neg(hn::Abs(z)));
  const auto negative = hn::Lt(z, hn::Zero(d));
  const V twice = hn::Add(e, e);
  const V n = hn::IfThenElse(negative, hn::MulAdd(e, e, twice), hn::Add(hn::Set(d, 1.0f), twice));
  return {e, n, hn::Add(n, hn::IfThenElse(negative, two, hn::Mul(twice, e)))};
}

// z · tanh(log(1 + exp(z))) (Misra 2019); 4 ulp.
struct MishFunction {
  static constexpr char kName[] = "mish";
  static constexpr bool kDerivativeTakesInput = true;

  template <class D, class V = hn::Vec<D>>
  static HWY_INLINE V Value(D d, V z) {
    const auto q = Mish(d, z);
    return hn::Mul(z, hn::Div(q.n, q.d));
  }
  // t + z · t', t being the quotient: t' = (1 − t²) · sigmoid(z) = 4 (1 + e) e / d², or the same
  // with e² for e where z ≥ 0.
  template <class D, class V = hn::Vec<D>>
  static HWY_INLINE V Derivative(D d, V z) {
    const auto q = Mish(d, z);
    const V reciprocal = hn::Div(hn::Set(d, 1.0f), q.d);
    const V factor = hn::IfThenElse(hn::Lt(z, hn::Zero(d)), q.e, hn::Mul(q.e, q.e));
    const V slope =
        hn::Mul(hn::Mul(hn::Mul(hn::Set(d, 4.0f), hn::MulAdd(q.e, factor, factor)), reciprocal),
                reciprocal);
    return hn::MulAdd(z, slope, hn::Mul(q.n, reciprocal));
  }
};

// exp(−z² / 2), and the cumulative distribution Φ(z) = erfc(−z / √2) / 2 of the normal
// distribution.
template <class V>
struct NormalPair {
  V bell, cumulative;
};

// Φ(−y) = exp(−y² / 2) · R(y) for y ≥ 0, with R falling slowly from 1/2 like 1 / (y √2π): t · P(q),
// t = c / (c + y), q = 2t − 1, c = 3.5, with P of degree 9 fitted to the least relative error on
// 0 ≤ y ≤ 14.6 (7.4e-9), beyond which the product is 0.
template <class D, class V = hn::Vec<D>>
HWY_INLINE NormalPair<V> Normal(D d, V z) {
  const V one = hn::Set(d, 1.0f);
  const V y = hn::Abs(z);
  const V c = hn::Set(d, 3.5f);
  const V t = hn::Div(c, hn::Add(c, y));
  const V q = hn::MulAdd(hn::Set(d, 2.0f), t, hn::Neg(one));
  constexpr float kP[] = {-3.151031395446897e-05f, 0.00012033375112274237f, 0.00014142220515585957f,
                          -0.0009070895868294681f, -0.0018552130614312636f, 0.004973219687456491f,
                          0.03315801959391269f,    0.09012144484736612f,    0.16158906968560088f,
                          0.21269030686723228f};
  V p = hn::Set(d, kP[0]);
  for (size_t i = 1; i < sizeof(kP) / sizeof(kP[0]); ++i) p = hn::MulAdd(p, q, hn::Set(d, kP[i]));

  // y² / 2 as the sum of two floats: the exponential would magnify the rounding of one.
  const V half = hn::Mul(hn::Set(d, 0.5f), y);
  const V high = hn::Mul(half, y);
  const V low = hn::MulSub(half, y, high);
  const V rough = hn::Exp(d, hn::Neg(high));
  // 0 · inf would be NaN where y is infinite.
  const V bell = hn::IfThenZeroElse(hn::Gt(y, hn::Set(d, 15.0f)), hn::NegMulAdd(low, rough, rough));
  const V tail = hn::Mul(hn::Mul(p, t), bell);
  return {bell, hn::IfThenElse(hn::Lt(z, hn::Zero(d)), tail, hn::Sub(one, tail))};
}

// z · Φ(z), Φ being the normal distribution's (Hendrycks & Gimpel 2016); 7 ulp.
struct GeluFunction {
  static constexpr char kName[] = "gelu";
  static constexpr bool kDerivativeTakesInput = true;

  template <class D, class V = hn::Vec<D>>
  static HWY_INLINE V Value(D d, V z) {
    return hn::Mul(z, Normal(d, z).cumulative);
  }
  template <class D, class V = hn::Vec<D>>
  static HWY_INLINE V Derivative(D d, V z) {
    const auto normal = Normal(d, z);
    const V density = hn::Mul(hn::Set(d, 0.39894228040143268f), normal.bell);
    return hn::MulAdd(z, density, normal.cumulative);
  }
};

// All of them.
template <class... F>
struct FunctionList {};
using Functions = FunctionList<LeakyReluFunction, EluFunction, GeluFunction, SiluFunction,
                               TanhFunction, SigmoidFunction, SeluFunction, MishFunction>;

}  // namespace colonnade::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // COLONNADE_KERNELS_NONLINEAR_INL_H_
