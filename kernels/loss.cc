// SPDX-License-Identifier: Apache-2.0
#include "kernels/loss.h"

#include <algorithm>
#include <cmath>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/loss.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"
#include "kernels/nonlinear-inl.h"
#include "kernels/softmax-inl.h"

HWY_BEFORE_NAMESPACE();
namespace colonnade::kernels::HWY_NAMESPACE {

namespace {

// Sum of weights[r] · (max − column[r]), in which nothing cancels.
HWY_INLINE float WeightedMargins(const float* column, size_t rows, float max,
                                 const float* weights) {
  const SoftmaxTag d;
  const size_t lanes = hn::Lanes(d);
  const auto top = hn::Set(d, max);
  hn::Vec<SoftmaxTag> sum[kBlockVectors];
  for (size_t v = 0; v < kBlockVectors; ++v) sum[v] = hn::Zero(d);
  for (size_t block = 0; block < rows; block += kPadFloats) {
    for (size_t v = 0; v < kBlockVectors; ++v) {
      const size_t r = block + v * lanes;
      const auto margin = hn::Sub(top, hn::Load(d, column + r));
      sum[v] = hn::MulAdd(hn::Load(d, weights + r), margin, sum[v]);
    }
  }
  HWY_ALIGN float partial[kPadFloats];
  for (size_t v = 0; v < kBlockVectors; ++v) hn::Store(sum[v], d, partial + v * lanes);
  return SumTree(partial);
}

}  // namespace

void SoftCrossEntropyTarget(Matrix z, const uint32_t* labels, const SoftLabels& soft,
                            const float* weights, float scale, float* losses) {
  const SoftmaxTag d;
  const float each = soft.smoothing / static_cast<float>(z.rows);  // of the weights of all classes
  float total = 0;
  for (size_t r = 0; r < z.rows; ++r) total += soft.class_weights[r];
  for (size_t c = 0; c < z.cols; ++c) {
    float* column = z.Column(c);
    const float weight = weights == nullptr ? 1.0f : weights[c];
    const float max = ColumnMax(column, z.rows);
    const float label = (1.0f - soft.smoothing) * soft.class_weights[labels[c]];
    const float margin = max - column[labels[c]];
    const float margins =
        each > 0 ? WeightedMargins(column, z.rows, max, soft.class_weights) : 0.0f;
    const float sum = ExpOfShifted(column, z.rows, max);
    const float targets = label + each * total;
    losses[c] = weight * (targets * LogOfSum(sum) + label * margin + each * margins);

    const auto of_exponential = hn::Set(d, targets / sum);
    const auto of_weight = hn::Set(d, each);
    const auto factor = hn::Set(d, weight * scale);
    for (size_t r = 0; r < PaddedRows(z.rows); r += hn::Lanes(d)) {
      const auto probability = hn::Mul(of_exponential, hn::Load(d, column + r));
      const auto g = hn::NegMulAdd(of_weight, hn::Load(d, soft.class_weights + r), probability);
      hn::Store(hn::Mul(g, factor), d, column + r);
    }
    column[labels[c]] -= label * (weight * scale);
  }
}

void SigmoidCrossEntropyTarget(Matrix z, const uint32_t* labels, const float* weights, float scale,
                               float* losses) {
  const hn::CappedTag<float, 4> d;
  for (size_t c = 0; c < z.cols; ++c) {
    float& output = *z.Column(c);
    const float weight = weights == nullptr ? 1.0f : weights[c];
    const float wrong = labels[c] == 0 ? output : -output;  // > 0: the other class is likelier
    const auto v = hn::Set(d, wrong);
    const float rest = hn::GetLane(hn::Log1p(d, hn::Exp(d, hn::Neg(hn::Abs(v)))));
    // max(wrong, 0) but NaN for NaN.
    losses[c] = weight * ((wrong < 0.0f ? 0.0f : wrong) + rest);
    const float gradient = hn::GetLane(Sigmoid(d, v).value);
    output = (labels[c] == 0 ? gradient : -gradient) * (weight * scale);
  }
}

void PoissonErrorTarget(Matrix z, const float* targets, const float* weights, float scale,
                        float* losses) {
  const hn::CappedTag<float, 4> d;
  for (size_t c = 0; c < z.cols; ++c) {
    float& output = *z.Column(c);
    const float weight = weights == nullptr ? 1.0f : weights[c];
    const float rate = hn::GetLane(hn::Exp(d, hn::Set(d, output)));
    losses[c] = weight * (rate - targets[c] * output);
    output = (rate - targets[c]) * (weight * scale);
  }
}

}  // namespace colonnade::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace colonnade::kernels {

HWY_EXPORT(SoftCrossEntropyTarget);
HWY_EXPORT(SigmoidCrossEntropyTarget);
HWY_EXPORT(PoissonErrorTarget);

void SoftCrossEntropy(Matrix z, const uint32_t* labels, const SoftLabels& soft,
                      const float* weights, float scale, float* losses) noexcept {
  HWY_DYNAMIC_DISPATCH(SoftCrossEntropyTarget)(z, labels, soft, weights, scale, losses);
}

void SigmoidCrossEntropy(Matrix z, const uint32_t* labels, const float* weights, float scale,
                         float* losses) noexcept {
  HWY_DYNAMIC_DISPATCH(SigmoidCrossEntropyTarget)(z, labels, weights, scale, losses);
}

// One number per example: nothing for vectors to do.
void SquaredError(Matrix z, const float* targets, const float* weights, float scale,
                  float* losses) noexcept {
  for (size_t c = 0; c < z.cols; ++c) {
    float& output = *z.Column(c);
    const float weight = weights == nullptr ? 1.0f : weights[c];
    const float r = output - targets[c];
    losses[c] = weight * (r * r);
    output = 2.0f * r * (weight * scale);
  }
}

void HuberError(Matrix z, const float* targets, float delta, const float* weights, float scale,
                float* losses) noexcept {
  for (size_t c = 0; c < z.cols; ++c) {
    float& output = *z.Column(c);
    const float weight = weights == nullptr ? 1.0f : weights[c];
    const float r = output - targets[c];
    const float size = std::fabs(r);
    losses[c] = weight * (size <= delta ? 0.5f * (r * r) : delta * (size - 0.5f * delta));
    output = std::clamp(r, -delta, delta) * (weight * scale);
  }
}

void PoissonError(Matrix z, const float* targets, const float* weights, float scale,
                  float* losses) noexcept {
  HWY_DYNAMIC_DISPATCH(PoissonErrorTarget)(z, targets, weights, scale, losses);
}

void QuantileError(Matrix z, const float* targets, const float* levels, const float* weights,
                   float scale, float* losses) noexcept {
  const float each = 1.0f / static_cast<float>(z.rows);
  for (size_t c = 0; c < z.cols; ++c) {
    float* const column = z.Column(c);
    const float weight = weights == nullptr ? 1.0f : weights[c];
    float sum = 0;
    for (size_t r = 0; r < z.rows; ++r) {
      const float residual = targets[c] - column[r];
      const float slope = residual < 0.0f ? levels[r] - 1.0f : levels[r];
      sum += slope * residual;
      column[r] = residual == 0.0f ? 0.0f : -slope * (each * weight * scale);
    }
    losses[c] = weight * (each * sum);
  }
}

}  // namespace colonnade::kernels
#endif  // HWY_ONCE
