// SPDX-License-Identifier: Apache-2.0
#include "kernels/gemv.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/gemv.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"
#include "kernels/activation-inl.h"

HWY_BEFORE_NAMESPACE();
namespace colonnade::kernels::HWY_NAMESPACE {

// Inputs that are looked through before their weights are read: bounds the list of nonzeros.
inline constexpr size_t kInputBlock = 1024;

// The most vectors of sums that stay in registers: enough to hide the latency of the additions (8),
// and few enough for 16 registers to hold them and an operand.
inline constexpr size_t kSumVectors = 8;

// Inputs whose weights are read together where the sums are in memory, so that each sum is loaded
// and stored once for so many.
inline constexpr size_t kInputsTogether = 4;

// Rows whose sums stay in the L1 cache.
inline constexpr size_t kSumRows = 2048;

// The numbers, from `first` on, of those of the `count` values of `x` that are not zero, NaN among
// them (for which hn::Ne is false). `list` has room for 16 more than `count`.
HWY_INLINE size_t ListNonzeros(const float* x, size_t first, size_t count, uint32_t* list) {
  const hn::CappedTag<float, kPadFloats> d;
  const hn::RebindToUnsigned<decltype(d)> du;
  const size_t lanes = hn::Lanes(d);
  size_t size = 0;
  for (size_t i = 0; i < count; i += lanes) {
    auto chosen = hn::Not(hn::Eq(hn::Load(d, x + first + i), hn::Zero(d)));
    if (HWY_UNLIKELY(i + lanes > count)) chosen = hn::And(chosen, hn::FirstN(d, count - i));
    const auto mask = hn::RebindMask(du, chosen);
    const auto numbers = hn::Iota(du, static_cast<uint32_t>(first + i));
    hn::StoreU(hn::Compress(numbers, mask), du, list + size);
    size += hn::CountTrue(du, mask);
  }
  return size;
}

// z += w · x over the inputs that `list` names, for a matrix of kV vectors of rows.
template <size_t kV>
HWY_NOINLINE void AddInRegisters(ConstMatrix w, const float* x, const uint32_t* list, size_t count,
                                 float* z) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  hn::Vec<decltype(d)> sum[kV];
  HWY_UNROLL(kSumVectors)
  for (size_t v = 0; v < kV; ++v) sum[v] = hn::Load(d, z + v * lanes);
  for (size_t i = 0; i < count; ++i) {
    const float* HWY_RESTRICT column = w.Column(list[i]);
    const auto factor = hn::Set(d, x[list[i]]);
    HWY_UNROLL(kSumVectors)
    for (size_t v = 0; v < kV; ++v) {
      sum[v] = hn::MulAdd(hn::Load(d, column + v * lanes), factor, sum[v]);
    }
  }
  HWY_UNROLL(kSumVectors)
  for (size_t v = 0; v < kV; ++v) hn::Store(sum[v], d, z + v * lanes);
}

// The same for any number of rows up to kMaxV vectors.
template <size_t kMaxV = kSumVectors>
HWY_INLINE void AddNarrow(ConstMatrix w, const float* x, const uint32_t* list, size_t count,
                          float* z) {
  if constexpr (kMaxV > 1) {
    if (PaddedRows(w.rows) < kMaxV * hn::Lanes(hn::ScalableTag<float>())) {
      return AddNarrow<kMaxV - 1>(w, x, list, count, z);
    }
  }
  AddInRegisters<kMaxV>(w, x, list, count, z);
}

// The same for kN inputs and any number of rows. Weights are read in the order in which they lie,
// which is what the hardware's prefetchers are made for.
template <size_t kN>
HWY_INLINE void AddInMemory(ConstMatrix w, const float* x, const uint32_t* list, float* z) {
  const hn::ScalableTag<float> d;
  const float* column[kN];
  hn::Vec<decltype(d)> factor[kN];
  HWY_UNROLL(kInputsTogether)
  for (size_t n = 0; n < kN; ++n) {
    column[n] = w.Column(list[n]);
    factor[n] = hn::Set(d, x[list[n]]);
  }
  for (size_t r = 0; r < PaddedRows(w.rows); r += hn::Lanes(d)) {
    auto sum = hn::Load(d, z + r);
    HWY_UNROLL(kInputsTogether)
    for (size_t n = 0; n < kN; ++n) sum = hn::MulAdd(hn::Load(d, column[n] + r), factor[n], sum);
    hn::Store(sum, d, z + r);
  }
}

HWY_INLINE void AddWide(ConstMatrix w, const float* x, const uint32_t* list, size_t count,
                        float* z) {
  for (size_t r = 0; r < w.rows; r += kSumRows) {
    const ConstMatrix rows{w.data + r, HWY_MIN(kSumRows, w.rows - r), w.cols, w.stride};
    size_t i = 0;
    for (; i + kInputsTogether <= count; i += kInputsTogether) {
      AddInMemory<kInputsTogether>(rows, x, list + i, z + r);
    }
    for (; i < count; ++i) AddInMemory<1>(rows, x, list + i, z + r);
  }
}

void ForwardOneTarget(ConstMatrix w, const float* x, const float* bias, Activation activation,
                      float* z) {
  const hn::ScalableTag<float> d;
  const size_t rows = PaddedRows(w.rows);
  for (size_t r = 0; r < rows; r += hn::Lanes(d)) hn::Store(hn::Load(d, bias + r), d, z + r);

  HWY_ALIGN uint32_t list[kInputBlock + 16];
  for (size_t first = 0; first < w.cols; first += kInputBlock) {
    const size_t count = ListNonzeros(x, first, HWY_MIN(kInputBlock, w.cols - first), list);
    if (rows <= kSumVectors * hn::Lanes(d)) {
      AddNarrow(w, x, list, count, z);
    } else {
      AddWide(w, x, list, count, z);
    }
  }

  for (size_t r = 0; r < rows; r += hn::Lanes(d)) {
    auto result = hn::Add(hn::Load(d, z + r), hn::Zero(d));  // -0 becomes +0, all else stays
    if (activation == Activation::kRelu) result = Relu(d, result);
    hn::Store(result, d, z + r);
  }
}

}  // namespace colonnade::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace colonnade::kernels {

HWY_EXPORT(ForwardOneTarget);

void ForwardOne(ConstMatrix w, const float* x, const float* bias, Activation activation,
                float* z) noexcept {
  HWY_DYNAMIC_DISPATCH(ForwardOneTarget)(w, x, bias, activation, z);
}

}  // namespace colonnade::kernels
#endif  // HWY_ONCE
