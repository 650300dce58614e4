// SPDX-License-Identifier: Apache-2.0
#include "kernels/optimizer.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/optimizer.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace colonnade::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using FloatTag = hn::ScalableTag<float>;
using Floats = hn::Vec<FloatTag>;

// Calls update(w, gradient, state...) with pointers to each vector of the padded columns.
template <class F, class... State>
HWY_INLINE void ForEachVector(Matrix w, ConstMatrix gradient, const F& update, State... state) {
  const size_t lanes = hn::Lanes(FloatTag());
  for (size_t c = 0; c < w.cols; ++c) {
    float* HWY_RESTRICT wc = w.Column(c);
    const float* HWY_RESTRICT gc = gradient.Column(c);
    for (size_t r = 0; r < PaddedRows(w.rows); r += lanes) {
      update(wc + r, gc + r, state.Column(c) + r...);
    }
  }
}

// Without decay no term is added, so that plain steps cost no more.
template <bool kDecay>
HWY_INLINE Floats Decayed(Floats gradient, Floats decay, Floats w) {
  return kDecay ? hn::MulAdd(decay, w, gradient) : gradient;
}

template <bool kDecay>
void Sgd(Matrix w, ConstMatrix gradient, const SgdStep& step) {
  const FloatTag d;
  const auto rate = hn::Set(d, step.rate);
  const auto decay = hn::Set(d, step.decay);
  ForEachVector(w, gradient, [&](float* wr, const float* gr) HWY_ATTR {
    const auto old = hn::Load(d, wr);
    const auto g = Decayed<kDecay>(hn::Load(d, gr), decay, old);
    hn::Store(hn::NegMulAdd(rate, g, old), d, wr);
  });
}

template <bool kDecay, bool kNesterov>
void Momentum(Matrix w, ConstMatrix gradient, Matrix velocity, const SgdStep& step) {
  const FloatTag d;
  const auto rate = hn::Set(d, step.rate);
  const auto momentum = hn::Set(d, step.momentum);
  const auto decay = hn::Set(d, step.decay);
  const auto update = [&](float* wr, const float* gr, float* vr) HWY_ATTR {
    const auto old = hn::Load(d, wr);
    const auto g = Decayed<kDecay>(hn::Load(d, gr), decay, old);
    const auto v = hn::MulAdd(momentum, hn::Load(d, vr), g);
    hn::Store(v, d, vr);
    hn::Store(hn::NegMulAdd(rate, kNesterov ? hn::MulAdd(momentum, v, g) : v, old), d, wr);
  };
  ForEachVector(w, gradient, update, velocity);
}

void SgdTarget(Matrix w, ConstMatrix gradient, const SgdStep& step) {
  (step.decay != 0 ? Sgd<true> : Sgd<false>)(w, gradient, step);
}

void MomentumTarget(Matrix w, ConstMatrix gradient, Matrix velocity, const SgdStep& step) {
  (step.decay != 0 ? Momentum<true, false> : Momentum<false, false>)(w, gradient, velocity, step);
}

void NesterovTarget(Matrix w, ConstMatrix gradient, Matrix velocity, const SgdStep& step) {
  (step.decay != 0 ? Momentum<true, true> : Momentum<false, true>)(w, gradient, velocity, step);
}

// The root and the quotient take most of the time: no need to have these without decay, too.
void AdamTarget(Matrix w, ConstMatrix gradient, Matrix mean, Matrix square, const AdamStep& step) {
  const FloatTag d;
  const auto rate = hn::Set(d, step.rate);
  const auto root_scale = hn::Set(d, step.root_scale);
  const auto mean_share = hn::Set(d, step.mean_share);
  const auto square_keep = hn::Set(d, step.square_keep);
  const auto square_share = hn::Set(d, step.square_share);
  const auto epsilon = hn::Set(d, step.epsilon);
  const auto decay = hn::Set(d, step.decay);
  const auto keep = hn::Set(d, step.keep);
  const auto update = [&](float* wr, const float* gr, float* mr, float* sr) HWY_ATTR {
    const auto old = hn::Load(d, wr);
    const auto g = hn::MulAdd(decay, old, hn::Load(d, gr));
    const auto m_old = hn::Load(d, mr);
    const auto m = hn::MulAdd(mean_share, hn::Sub(g, m_old), m_old);
    const auto s = hn::MulAdd(square_keep, hn::Load(d, sr), hn::Mul(hn::Mul(square_share, g), g));
    hn::Store(m, d, mr);
    hn::Store(s, d, sr);
    const auto way = hn::Div(m, hn::MulAdd(hn::Sqrt(s), root_scale, epsilon));
    hn::Store(hn::NegMulAdd(rate, way, hn::Mul(keep, old)), d, wr);
  };
  ForEachVector(w, gradient, update, mean, square);
}

void RmspropTarget(Matrix w, ConstMatrix gradient, Matrix square, const RmspropStep& step) {
  const FloatTag d;
  const auto rate = hn::Set(d, step.rate);
  const auto square_keep = hn::Set(d, step.square_keep);
  const auto square_share = hn::Set(d, step.square_share);
  const auto epsilon = hn::Set(d, step.epsilon);
  const auto decay = hn::Set(d, step.decay);
  const auto update = [&](float* wr, const float* gr, float* sr) HWY_ATTR {
    const auto old = hn::Load(d, wr);
    const auto g = hn::MulAdd(decay, old, hn::Load(d, gr));
    const auto s = hn::MulAdd(square_keep, hn::Load(d, sr), hn::Mul(hn::Mul(square_share, g), g));
    hn::Store(s, d, sr);
    const auto way = hn::Div(g, hn::Add(hn::Sqrt(s), epsilon));
    hn::Store(hn::NegMulAdd(rate, way, old), d, wr);
  };
  ForEachVector(w, gradient, update, square);
}

void LionTarget(Matrix w, ConstMatrix gradient, Matrix mean, const LionStep& step) {
  const FloatTag d;
  const auto rate = hn::Set(d, step.rate);
  const auto way_keep = hn::Set(d, step.way_keep);
  const auto way_share = hn::Set(d, step.way_share);
  const auto mean_keep = hn::Set(d, step.mean_keep);
  const auto mean_share = hn::Set(d, step.mean_share);
  const auto keep = hn::Set(d, step.keep);
  const auto one = hn::Set(d, 1.0f);
  const auto update = [&](float* wr, const float* gr, float* mr) HWY_ATTR {
    const auto g = hn::Load(d, gr);
    const auto m = hn::Load(d, mr);
    const auto c = hn::MulAdd(way_share, g, hn::Mul(way_keep, m));
    const auto way = hn::IfThenElse(hn::Gt(hn::Abs(c), hn::Zero(d)), hn::CopySign(one, c), c);
    hn::Store(hn::MulAdd(mean_share, g, hn::Mul(mean_keep, m)), d, mr);
    hn::Store(hn::NegMulAdd(rate, way, hn::Mul(keep, hn::Load(d, wr))), d, wr);
  };
  ForEachVector(w, gradient, update, mean);
}

void ScheduleFreeTarget(Matrix w, ConstMatrix gradient, Matrix z, Matrix square,
                        const ScheduleFreeStep& step) {
  const FloatTag d;
  const auto rate = hn::Set(d, step.rate);
  const auto root_scale = hn::Set(d, step.root_scale);
  const auto square_keep = hn::Set(d, step.square_keep);
  const auto square_share = hn::Set(d, step.square_share);
  const auto epsilon = hn::Set(d, step.epsilon);
  const auto decay = hn::Set(d, step.decay);
  const auto share = hn::Set(d, step.share);
  const auto pull = hn::Set(d, step.pull);
  const bool first = step.first;
  const auto update = [&](float* wr, const float* gr, float* zr, float* sr) HWY_ATTR {
    const auto old = hn::Load(d, wr);
    const auto z_old = first ? old : hn::Load(d, zr);
    const auto g = hn::Load(d, gr);
    const auto s = hn::MulAdd(square_keep, hn::Load(d, sr), hn::Mul(hn::Mul(square_share, g), g));
    const auto root = hn::MulAdd(hn::Sqrt(s), root_scale, epsilon);
    const auto way = hn::MulAdd(decay, old, hn::Div(g, root));
    hn::Store(s, d, sr);
    hn::Store(hn::MulAdd(pull, way, hn::MulAdd(share, hn::Sub(z_old, old), old)), d, wr);
    hn::Store(hn::NegMulAdd(rate, way, z_old), d, zr);
  };
  ForEachVector(w, gradient, update, z, square);
}

void InterpolateTarget(ConstMatrix from, ConstMatrix to, float share, Matrix result) {
  const FloatTag d;
  const auto s = hn::Set(d, share);
  for (size_t c = 0; c < from.cols; ++c) {
    for (size_t r = 0; r < PaddedRows(from.rows); r += hn::Lanes(d)) {
      const auto a = hn::Load(d, from.Column(c) + r);
      const auto b = hn::Load(d, to.Column(c) + r);
      hn::Store(hn::MulAdd(s, hn::Sub(b, a), a), d, result.Column(c) + r);
    }
  }
}

void CombineTarget(float a, ConstMatrix x, float b, ConstMatrix y, Matrix result) {
  const FloatTag d;
  const auto of_x = hn::Set(d, a);
  const auto of_y = hn::Set(d, b);
  for (size_t c = 0; c < x.cols; ++c) {
    for (size_t r = 0; r < PaddedRows(x.rows); r += hn::Lanes(d)) {
      const auto first = hn::Mul(of_x, hn::Load(d, x.Column(c) + r));
      hn::Store(hn::MulAdd(of_y, hn::Load(d, y.Column(c) + r), first), d, result.Column(c) + r);
    }
  }
}

void SquaresOfColumnsTarget(ConstMatrix m, float* sums) {
  const FloatTag d;
  const size_t lanes = hn::Lanes(d);
  HWY_ALIGN float partial[kPadFloats];
  for (size_t c = 0; c < m.cols; ++c) {
    const float* column = m.Column(c);
    for (size_t lane = 0; lane < kPadFloats; lane += lanes) {
      auto sum = hn::Zero(d);
      for (size_t r = lane; r < PaddedRows(m.rows); r += kPadFloats) {
        const auto x = hn::Load(d, column + r);
        sum = hn::MulAdd(x, x, sum);
      }
      hn::Store(sum, d, partial + lane);
    }
    for (size_t half = kPadFloats / 2; half > 0; half /= 2) {
      for (size_t i = 0; i < half; ++i) partial[i] += partial[i + half];
    }
    sums[c] = partial[0];
  }
}

void ScaleGradientTarget(Matrix m, float factor) {
  const FloatTag d;
  const auto f = hn::Set(d, factor);
  for (size_t c = 0; c < m.cols; ++c) {
    float* column = m.Column(c);
    for (size_t r = 0; r < PaddedRows(m.rows); r += hn::Lanes(d)) {
      hn::Store(hn::Mul(f, hn::Load(d, column + r)), d, column + r);
    }
  }
}

}  // namespace colonnade::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace colonnade::kernels {

HWY_EXPORT(SgdTarget);
HWY_EXPORT(MomentumTarget);
HWY_EXPORT(NesterovTarget);
HWY_EXPORT(AdamTarget);
HWY_EXPORT(RmspropTarget);
HWY_EXPORT(LionTarget);
HWY_EXPORT(ScheduleFreeTarget);
HWY_EXPORT(InterpolateTarget);
HWY_EXPORT(CombineTarget);
HWY_EXPORT(SquaresOfColumnsTarget);
HWY_EXPORT(ScaleGradientTarget);

void SgdUpdate(Matrix w, ConstMatrix gradient, const SgdStep& step) noexcept {
  HWY_DYNAMIC_DISPATCH(SgdTarget)(w, gradient, step);
}

void MomentumUpdate(Matrix w, ConstMatrix gradient, Matrix velocity, const SgdStep& step) noexcept {
  HWY_DYNAMIC_DISPATCH(MomentumTarget)(w, gradient, velocity, step);
}

void NesterovUpdate(Matrix w, ConstMatrix gradient, Matrix velocity, const SgdStep& step) noexcept {
  HWY_DYNAMIC_DISPATCH(NesterovTarget)(w, gradient, velocity, step);
}

void AdamUpdate(Matrix w, ConstMatrix gradient, Matrix mean, Matrix square,
                const AdamStep& step) noexcept {
  HWY_DYNAMIC_DISPATCH(AdamTarget)(w, gradient, mean, square, step);
}

void RmspropUpdate(Matrix w, ConstMatrix gradient, Matrix square,
                   const RmspropStep& step) noexcept {
  HWY_DYNAMIC_DISPATCH(RmspropTarget)(w, gradient, square, step);
}

void LionUpdate(Matrix w, ConstMatrix gradient, Matrix mean, const LionStep& step) noexcept {
  HWY_DYNAMIC_DISPATCH(LionTarget)(w, gradient, mean, step);
}

void ScheduleFreeUpdate(Matrix w, ConstMatrix gradient, Matrix z, Matrix square,
                        const ScheduleFreeStep& step) noexcept {
  HWY_DYNAMIC_DISPATCH(ScheduleFreeTarget)(w, gradient, z, square, step);
}

void Interpolate(ConstMatrix from, ConstMatrix to, float share, Matrix result) noexcept {
  HWY_DYNAMIC_DISPATCH(InterpolateTarget)(from, to, share, result);
}

void Combine(float a, ConstMatrix x, float b, ConstMatrix y, Matrix result) noexcept {
  HWY_DYNAMIC_DISPATCH(CombineTarget)(a, x, b, y, result);
}

void SquaresOfColumns(ConstMatrix m, float* sums) noexcept {
  HWY_DYNAMIC_DISPATCH(SquaresOfColumnsTarget)(m, sums);
}

void ScaleGradient(Matrix gradient, float factor) noexcept {
  HWY_DYNAMIC_DISPATCH(ScaleGradientTarget)(gradient, factor);
}

}  // namespace colonnade::kernels
#endif  // HWY_ONCE
