// SPDX-License-Identifier: Apache-2.0
#include "kernels/softmax.h"

#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/softmax.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"
#include "kernels/softmax-inl.h"

HWY_BEFORE_NAMESPACE();
namespace colonnade::kernels::HWY_NAMESPACE {

void SoftmaxTarget(Matrix z) {
  for (size_t c = 0; c < z.cols; ++c) {
    float* column = z.Column(c);
    const float sum = ExpOfShifted(column, z.rows, ColumnMax(column, z.rows));
    ScaleColumn(column, z.rows, 1.0f / sum);
  }
}

void LogMeanTarget(Matrix p, size_t members) {
  const hn::CappedTag<float, kPadFloats> d;
  const size_t batch = p.cols / members;
  const auto count = hn::Set(d, static_cast<float>(members));
  const auto least = hn::Set(d, std::numeric_limits<float>::min());
  for (size_t c = 0; c < batch; ++c) {
    float* const column = p.Column(c);
    for (size_t r = 0; r < p.rows; r += hn::Lanes(d)) {
      auto sum = hn::Load(d, column + r);
      for (size_t m = 1; m < members; ++m) {
        sum = hn::Add(sum, hn::Load(d, p.Column(c + m * batch) + r));
      }
      const auto log = hn::Log(d, hn::Max(hn::Div(sum, count), least));
      // Padding stays zero.
      hn::Store(hn::IfThenElseZero(hn::FirstN(d, p.rows - r), log), d, column + r);
    }
  }
}

size_t SoftmaxCrossEntropyTarget(Matrix z, const uint32_t* labels, float scale, float* losses) {
  size_t correct = 0;
  size_t c = 0;
  if (z.rows <= kPadFloats) {
    ShortColumns columns(z.rows);
    for (; c + kPadFloats <= z.cols; c += kPadFloats) {
      columns.Load(z.Column(c), z.stride);
      correct += columns.CrossEntropy(labels + c, scale, losses + c);
      columns.Store(z.Column(c), z.stride);
    }
  }
  for (; c < z.cols; ++c) {
    float* column = z.Column(c);
    const size_t label = labels[c];
    const float max = ColumnMax(column, z.rows);
    const float margin = max - column[label];
    if (margin == 0.0f && FirstEqual(column, z.rows, max) == label) ++correct;
    const float sum = ExpOfShifted(column, z.rows, max);
    const float probability = column[label] / sum;
    ScaleColumn(column, z.rows, scale / sum);
    column[label] = (probability - 1.0f) * scale;
    losses[c] = LogOfSum(sum) + margin;
  }
  return correct;
}

void ArgMaxTarget(ConstMatrix z, uint32_t* indices) {
  for (size_t c = 0; c < z.cols; ++c) {
    const float* column = z.Column(c);
    indices[c] = static_cast<uint32_t>(FirstEqual(column, z.rows, ColumnMax(column, z.rows)));
  }
}

}  // namespace colonnade::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace colonnade::kernels {

HWY_EXPORT(SoftmaxTarget);
HWY_EXPORT(LogMeanTarget);
HWY_EXPORT(SoftmaxCrossEntropyTarget);
HWY_EXPORT(ArgMaxTarget);

void Softmax(Matrix z) noexcept { HWY_DYNAMIC_DISPATCH(SoftmaxTarget)(z); }

void LogMean(Matrix p, size_t members) noexcept { HWY_DYNAMIC_DISPATCH(LogMeanTarget)(p, members); }

size_t SoftmaxCrossEntropy(Matrix z, const uint32_t* labels, float scale, float* losses) noexcept {
  return HWY_DYNAMIC_DISPATCH(SoftmaxCrossEntropyTarget)(z, labels, scale, losses);
}

void ArgMax(ConstMatrix z, uint32_t* indices) noexcept {
  HWY_DYNAMIC_DISPATCH(ArgMaxTarget)(z, indices);
}

}  // namespace colonnade::kernels
#endif  // HWY_ONCE
