// SPDX-License-Identifier: Apache-2.0
// Per-target code of softmax.
#if defined(COLONNADE_KERNELS_SOFTMAX_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef COLONNADE_KERNELS_SOFTMAX_INL_H_
#undef COLONNADE_KERNELS_SOFTMAX_INL_H_
#else
#define COLONNADE_KERNELS_SOFTMAX_INL_H_
#endif

#include "hwy/contrib/math/math-inl.h"
#include "hwy/highway.h"
#include "kernels/matrix.h"
#include "kernels/transpose-inl.h"

HWY_BEFORE_NAMESPACE();
namespace colonnade::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Columns are walked in blocks of kPadFloats rows, each 1, 2 or 4 vectors, and reduced over
// kPadFloats interleaved partial results. That makes the order of additions the same for every
// vector length.
using SoftmaxTag = hn::CappedTag<float, kPadFloats>;
inline constexpr size_t kBlockVectors = kPadFloats / hn::MaxLanes(SoftmaxTag());

// Row r and the following of the column, `outside` standing in for rows from `rows` on.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V LoadRows(D d, const float* column, size_t r, size_t rows, V outside) {
  const V values = hn::Load(d, column + r);
  if (HWY_LIKELY(r + hn::Lanes(d) <= rows)) return values;
  return hn::IfThenElse(hn::FirstN(d, r < rows ? rows - r : 0), values, outside);
}

// The largest of the first `rows` ≥ 1 values; among NaN, any value: they reach the loss through
// the sum of exponentials.
HWY_INLINE float ColumnMax(const float* column, size_t rows) {
  const SoftmaxTag d;
  const auto lowest = hn::Set(d, -std::numeric_limits<float>::infinity());
  auto max = lowest;
  for (size_t r = 0; r < rows; r += hn::Lanes(d)) {
    max = hn::Max(max, LoadRows(d, column, r, rows, lowest));
  }
  return hn::ReduceMax(d, max);
}

// The first index at which the column equals `value`; 0 if there is none (all NaN).
HWY_INLINE size_t FirstEqual(const float* column, size_t rows, float value) {
  const SoftmaxTag d;
  const auto wanted = hn::Set(d, value);
  for (size_t r = 0; r < rows; r += hn::Lanes(d)) {
    const intptr_t lane = hn::FindFirstTrue(d, hn::Eq(hn::Load(d, column + r), wanted));
    if (lane >= 0) return r + static_cast<size_t>(lane);
  }
  return 0;
}

// Sum of kPadFloats partial sums: a tree of fixed shape.
HWY_INLINE float SumTree(const float* partial) {
  float level[kPadFloats / 2];
  for (size_t i = 0; i < kPadFloats / 2; ++i) level[i] = partial[i] + partial[i + kPadFloats / 2];
  for (size_t half = kPadFloats / 4; half > 0; half /= 2) {
    for (size_t i = 0; i < half; ++i) level[i] += level[i + half];
  }
  return level[0];
}

// Replaces the column by exp(column − max), padding by zeros, and returns the sum.
HWY_INLINE float ExpOfShifted(float* column, size_t rows, float max) {
  const SoftmaxTag d;
  using V = hn::Vec<SoftmaxTag>;
  const size_t lanes = hn::Lanes(d);
  const V shift = hn::Set(d, max);
  const V lowest = hn::Set(d, -std::numeric_limits<float>::infinity());
  V sum[kBlockVectors];
  for (size_t v = 0; v < kBlockVectors; ++v) sum[v] = hn::Zero(d);
  for (size_t block = 0; block < rows; block += kPadFloats) {
    for (size_t v = 0; v < kBlockVectors; ++v) {
      const size_t r = block + v * lanes;
      const V z = LoadRows(d, column, r, rows, hn::Zero(d));
      const V x = hn::Sub(LoadRows(d, column, r, rows, lowest), shift);
      // Exp alone gives 0 for NaN and -inf; 0 · z is NaN for what is not finite, else 0.
      const V e = hn::MulAdd(hn::Zero(d), z, hn::Exp(d, x));
      hn::Store(e, d, column + r);
      sum[v] = hn::Add(sum[v], e);
    }
  }
  HWY_ALIGN float partial[kPadFloats];
  for (size_t v = 0; v < kBlockVectors; ++v) hn::Store(sum[v], d, partial + v * lanes);
  return SumTree(partial);
}

HWY_INLINE void ScaleColumn(float* column, size_t rows, float factor) {
  const SoftmaxTag d;
  const auto f = hn::Set(d, factor);
  for (size_t r = 0; r < PaddedRows(rows); r += hn::Lanes(d)) {
    hn::Store(hn::Mul(hn::Load(d, column + r), f), d, column + r);
  }
}

// log(sum), by the same code on every target; within 4 ulp. NaN for NaN.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V LogOfSums(D d, V sums) {
  return hn::IfThenElse(hn::IsNaN(sums), sums, hn::Log(d, sums));  // Log alone: a number
}
HWY_INLINE float LogOfSum(float sum) {
  const hn::CappedTag<float, 4> d;
  return hn::GetLane(LogOfSums(d, hn::Set(d, sum)));
}

// kPadFloats columns of at most kPadFloats rows, with a row of them in lanes. A single short column
// spends its time on reductions over lanes, which these do not have; the operations on each element
// are those of a single column, and so are the bits.
class ShortColumns {
 public:
  explicit ShortColumns(size_t rows) : rows_(rows) {
    for (float& value : values_) value = 0;
  }

  HWY_INLINE void Load(const float* z, size_t stride) {
    Transpose(z, stride, values_, kPadFloats, rows_);
  }

  HWY_INLINE void Store(float* z, size_t stride) const {
    Transpose(values_, kPadFloats, z, stride, kPadFloats);
  }

  // As SoftmaxCrossEntropy.
  HWY_INLINE size_t CrossEntropy(const uint32_t* labels, float scale, float* losses) {
    const SoftmaxTag d;
    const hn::RebindToUnsigned<SoftmaxTag> du;
    using V = hn::Vec<SoftmaxTag>;
    const V zero = hn::Zero(d);
    const V factor = hn::Set(d, scale);
    size_t correct = 0;
    for (size_t i = 0; i < kPadFloats; i += hn::Lanes(d)) {
      const auto label = hn::LoadU(du, labels + i);
      const auto is_label = [&](size_t r) HWY_ATTR {
        return hn::RebindMask(d, hn::Eq(label, hn::Set(du, static_cast<uint32_t>(r))));
      };
      V max = hn::Load(d, Row(0) + i);
      for (size_t r = 1; r < rows_; ++r) max = hn::Max(max, hn::Load(d, Row(r) + i));
      auto largest = hn::Zero(du);  // the first row of the largest, 0 if there is none (NaN)
      V at_label = zero;
      for (size_t r = rows_; r-- > 0;) {
        const V z = hn::Load(d, Row(r) + i);
        largest = hn::IfThenElse(hn::RebindMask(du, hn::Eq(z, max)),
                                 hn::Set(du, static_cast<uint32_t>(r)), largest);
        at_label = hn::IfThenElse(is_label(r), z, at_label);
      }
      const V margin = hn::Sub(max, at_label);
      correct += hn::CountTrue(
          d, hn::And(hn::RebindMask(d, hn::Eq(largest, label)), hn::Eq(margin, zero)));

      for (size_t r = 0; r < rows_; ++r) {
        const V z = hn::Load(d, Row(r) + i);
        const V e = hn::MulAdd(zero, z, hn::Exp(d, hn::Sub(z, max)));  // as ExpOfShifted
        hn::Store(e, d, Row(r) + i);
        at_label = hn::IfThenElse(is_label(r), e, at_label);
      }
      const V sum = Sum(d, i);
      hn::StoreU(hn::Add(LogOfSums(d, sum), margin), d, losses + i);
      const V gradient = hn::Mul(hn::Sub(hn::Div(at_label, sum), hn::Set(d, 1.0f)), factor);
      const V of_sum = hn::Div(factor, sum);
      for (size_t r = 0; r < rows_; ++r) {
        const V other = hn::Mul(hn::Load(d, Row(r) + i), of_sum);
        hn::Store(hn::IfThenElse(is_label(r), gradient, other), d, Row(r) + i);
      }
    }
    return correct;
  }

 private:
  static void Transpose(const float* from, size_t from_stride, float* to, size_t to_stride,
                        size_t rows) {
    TransposeSquare(reinterpret_cast<const uint32_t*>(from), from_stride,
                    reinterpret_cast<uint32_t*>(to), to_stride, rows);
  }

  float* Row(size_t r) { return values_ + r * kPadFloats; }

  // Of columns `first` and following: the tree of SumTree. Rows that the columns do not have are
  // zero.
  template <class D>
  HWY_INLINE hn::Vec<D> Sum(D d, size_t first) {
    hn::Vec<D> level[kPadFloats / 2];
    for (size_t r = 0; r < kPadFloats / 2; ++r) {
      level[r] = hn::Add(hn::Load(d, Row(r) + first), hn::Load(d, Row(r + kPadFloats / 2) + first));
    }
    for (size_t half = kPadFloats / 4; half > 0; half /= 2) {
      for (size_t r = 0; r < half; ++r) level[r] = hn::Add(level[r], level[r + half]);
    }
    return level[0];
  }

  size_t rows_;
  HWY_ALIGN float values_[kPadFloats * kPadFloats];
};

}  // namespace colonnade::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // COLONNADE_KERNELS_SOFTMAX_INL_H_
