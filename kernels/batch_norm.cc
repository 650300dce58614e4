// SPDX-License-Identifier: Apache-2.0
#include "kernels/batch_norm.h"

#include <type_traits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/batch_norm.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace colonnade::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

namespace {

using Tag = hn::CappedTag<float, kPadFloats>;
using Floats = hn::Vec<Tag>;

// Vectors of rows that go over the columns together, so that additions need not wait for each
// other.
constexpr size_t kVectors = 4;

// Columns that are summed before the sum is added to those before: rounding errors grow with the
// number of additions to one sum, and a batch may be a whole dataset.
constexpr size_t kPart = 64;

HWY_INLINE Floats Load(const float* from, size_t i) {
  const Tag d;
  return hn::Load(d, from + i * hn::Lanes(d));
}

HWY_INLINE void Store(Floats value, float* to, size_t i) {
  const Tag d;
  hn::Store(value, d, to + i * hn::Lanes(d));
}

// sums[i] = Σ of what add(c, i, sum) adds to a sum for column c and vector i.
template <size_t kCount, class Add>
HWY_INLINE void Sum(size_t columns, const Add& add, Floats (&sums)[kCount]) {
  const Tag d;
  for (size_t i = 0; i < kCount; ++i) sums[i] = hn::Zero(d);
  for (size_t first = 0; first < columns; first += kPart) {
    const size_t end = HWY_MIN(first + kPart, columns);
    Floats part[kCount];
    for (size_t i = 0; i < kCount; ++i) part[i] = hn::Zero(d);
    for (size_t c = first; c < end; ++c) {
      for (size_t i = 0; i < kCount; ++i) part[i] = add(c, i, part[i]);
    }
    for (size_t i = 0; i < kCount; ++i) sums[i] = hn::Add(sums[i], part[i]);
  }
}

// running ← (1 − momentum) · running + momentum · value
HWY_INLINE void UpdateRunning(Floats value, float* running, size_t i) {
  const Tag d;
  const Floats kept = hn::Mul(hn::Set(d, 1 - kBatchNormMomentum), Load(running, i));
  Store(hn::MulAdd(hn::Set(d, kBatchNormMomentum), value, kept), running, i);
}

// kCount vectors of rows, the first ones of all pointers.
template <size_t kCount>
HWY_INLINE void Forward(const BatchNorm& norm, Matrix z, Matrix y) {
  const Tag d;
  Floats mean[kCount];
  Floats inverse[kCount];
  if (z.cols > 1) {
    const Floats n = hn::Set(d, static_cast<float>(z.cols));
    const Floats n_minus_1 = hn::Set(d, static_cast<float>(z.cols - 1));
    Sum(
        z.cols, [&](size_t c, size_t i, Floats sum) { return hn::Add(sum, Load(z.Column(c), i)); },
        mean);
    for (size_t i = 0; i < kCount; ++i) mean[i] = hn::Div(mean[i], n);
    Floats squares[kCount];
    Sum(
        z.cols,
        [&](size_t c, size_t i, Floats sum) {
          const Floats difference = hn::Sub(Load(z.Column(c), i), mean[i]);
          return hn::MulAdd(difference, difference, sum);
        },
        squares);
    for (size_t i = 0; i < kCount; ++i) {
      inverse[i] = hn::Div(squares[i], n);
      UpdateRunning(mean[i], norm.running_mean, i);
      UpdateRunning(hn::Div(squares[i], n_minus_1), norm.running_variance, i);
    }
  } else {
    for (size_t i = 0; i < kCount; ++i) {
      mean[i] = Load(norm.running_mean, i);
      inverse[i] = Load(norm.running_variance, i);
    }
  }
  Floats gamma[kCount];
  Floats beta[kCount];
  for (size_t i = 0; i < kCount; ++i) {
    const Floats deviation = hn::Sqrt(hn::Add(inverse[i], hn::Set(d, kBatchNormEpsilon)));
    inverse[i] = hn::Div(hn::Set(d, 1.0f), deviation);
    Store(inverse[i], norm.inverse_deviation, i);
    gamma[i] = Load(norm.gamma, i);
    beta[i] = Load(norm.beta, i);
  }
  for (size_t c = 0; c < z.cols; ++c) {
    for (size_t i = 0; i < kCount; ++i) {
      const Floats normalized = hn::Mul(hn::Sub(Load(z.Column(c), i), mean[i]), inverse[i]);
      Store(normalized, z.Column(c), i);
      Store(hn::MulAdd(gamma[i], normalized, beta[i]), y.Column(c), i);
    }
  }
}

template <size_t kCount>
HWY_INLINE void Backward(const float* gamma, const float* inverse_deviation, ConstMatrix z,
                         Matrix dy, float* dgamma, float* dbeta) {
  const Tag d;
  Floats of_beta[kCount];
  Floats of_gamma[kCount];
  Sum(
      dy.cols, [&](size_t c, size_t i, Floats sum) { return hn::Add(sum, Load(dy.Column(c), i)); },
      of_beta);
  Sum(
      dy.cols,
      [&](size_t c, size_t i, Floats sum) {
        return hn::MulAdd(Load(dy.Column(c), i), Load(z.Column(c), i), sum);
      },
      of_gamma);
  const Floats n = hn::Set(d, static_cast<float>(dy.cols));
  Floats factor[kCount];
  for (size_t i = 0; i < kCount; ++i) {
    Store(of_beta[i], dbeta, i);
    Store(of_gamma[i], dgamma, i);
    factor[i] = hn::Mul(Load(gamma, i), Load(inverse_deviation, i));
    of_beta[i] = dy.cols > 1 ? hn::Div(of_beta[i], n) : hn::Zero(d);
    of_gamma[i] = dy.cols > 1 ? hn::Div(of_gamma[i], n) : hn::Zero(d);
  }
  for (size_t c = 0; c < dy.cols; ++c) {
    for (size_t i = 0; i < kCount; ++i) {
      const Floats centered = hn::Sub(Load(dy.Column(c), i), of_beta[i]);
      const Floats rest = hn::NegMulAdd(Load(z.Column(c), i), of_gamma[i], centered);
      Store(hn::Mul(factor[i], rest), dy.Column(c), i);
    }
  }
}

// Calls panel(count, row) for all rows, count vectors of them from `row` on being a panel; `count`
// is a constant.
template <class Panel>
HWY_INLINE void ForEachPanel(size_t rows, const Panel& panel) {
  const size_t lanes = hn::Lanes(Tag());
  size_t row = 0;
  for (; row + kVectors * lanes <= PaddedRows(rows); row += kVectors * lanes) {
    panel(std::integral_constant<size_t, kVectors>(), row);
  }
  for (; row < PaddedRows(rows); row += lanes) {
    panel(std::integral_constant<size_t, 1>(), row);
  }
}

BatchNorm From(const BatchNorm& norm, size_t row) {
  return {norm.gamma + row, norm.beta + row, norm.running_mean + row, norm.running_variance + row,
          norm.inverse_deviation + row};
}

// From that row on; the number of rows does not count any more.
template <class T>
View<T> From(View<T> of, size_t row) {
  return {of.data + row, of.rows, of.cols, of.stride};
}

}  // namespace

void BatchNormForwardTarget(const BatchNorm& norm, Matrix z, Matrix y) {
  const auto panel = [&](auto count, size_t row) {
    Forward<count>(From(norm, row), From(z, row), From(y, row));
  };
  ForEachPanel(z.rows, panel);
}

void BatchNormBackwardTarget(const float* gamma, const float* inverse_deviation, ConstMatrix z,
                             Matrix dy, float* dgamma, float* dbeta) {
  const auto panel = [&](auto count, size_t row) {
    Backward<count>(gamma + row, inverse_deviation + row, From(z, row), From(dy, row), dgamma + row,
                    dbeta + row);
  };
  ForEachPanel(z.rows, panel);
}

}  // namespace colonnade::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace colonnade::kernels {

HWY_EXPORT(BatchNormForwardTarget);
HWY_EXPORT(BatchNormBackwardTarget);

void BatchNormForward(const BatchNorm& norm, Matrix z, Matrix y) noexcept {
  HWY_DYNAMIC_DISPATCH(BatchNormForwardTarget)(norm, z, y);
}

void BatchNormBackward(const float* gamma, const float* inverse_deviation, ConstMatrix z, Matrix dy,
                       float* dgamma, float* dbeta) noexcept {
  HWY_DYNAMIC_DISPATCH(BatchNormBackwardTarget)(gamma, inverse_deviation, z, dy, dgamma, dbeta);
}

}  // namespace colonnade::kernels
#endif  // HWY_ONCE
