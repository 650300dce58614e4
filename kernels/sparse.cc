// SPDX-License-Identifier: Apache-2.0
#include "kernels/sparse.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/sparse.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"
#include "kernels/activation-inl.h"

HWY_BEFORE_NAMESPACE();
namespace colonnade::kernels::HWY_NAMESPACE {

using LanesTag = hn::CappedTag<float, kSparseLanes>;
inline constexpr size_t kLaneVectors = kSparseLanes / hn::MaxLanes(LanesTag());

// Rows whose sums, one or two vectors each, stay in registers beside three operands.
#if HWY_TARGET <= HWY_AVX3 || HWY_ARCH_ARM_A64
inline constexpr size_t kPanelRows = kLaneVectors == 1 ? 16 : 12;
#else
inline constexpr size_t kPanelRows = kLaneVectors == 1 ? 12 : 4;
#endif

// One product c = epilogue(initial + a · bytes).
struct SparseProduct {
  const float* a;
  size_t lda;
  size_t rows;   // of c
  size_t depth;  // columns of a
  float* c;
  size_t ldc;
  const float* bias = nullptr;  // initial value per row, or none
  bool accumulate = false;      // initial value is c
  bool relu = false;            // epilogue: ReLU
  WriteNext next = {};
};

// Asks for cache lines in order to write them. The builtin of the compilers does so only where they
// are told that the processor can; all of 64 bits can, or take the instruction for no operation.
HWY_INLINE void PrefetchForWriting(float* column, size_t rows) {
  for (size_t r = 0; r < rows; r += kPadFloats) {
#if HWY_ARCH_X86_64
    asm volatile("prefetchw %0" : : "m"(column[r]));
#else
    __builtin_prefetch(column + r, 1);
#endif
  }
}

// How far ahead values are asked for: all the entries go through the caches once per product.
inline constexpr size_t kPrefetchBytes = 1024;

// The values of one entry.
struct EntryValues {
  hn::Vec<LanesTag> lanes[kLaneVectors];
};

HWY_INLINE EntryValues LoadValues(const uint8_t* values, hn::Vec<LanesTag> scale) {
  const LanesTag d;
  const hn::Rebind<int32_t, LanesTag> di;
  const hn::Rebind<uint8_t, LanesTag> du;
  EntryValues x;
  HWY_UNROLL(kLaneVectors)
  for (size_t v = 0; v < kLaneVectors; ++v) {
    const auto bytes = hn::LoadU(du, values + v * hn::Lanes(d));
    x.lanes[v] = hn::Mul(hn::ConvertTo(d, hn::PromoteTo(di, bytes)), scale);
  }
  return x;
}

// sum += column · x.
template <size_t kRows>
HWY_INLINE void AddEntry(const float* HWY_RESTRICT column, EntryValues x,
                         hn::Vec<LanesTag> (&sum)[kRows][kLaneVectors]) {
  const LanesTag d;
  HWY_UNROLL(kPanelRows)
  for (size_t r = 0; r < kRows; ++r) {
    const auto left = hn::Set(d, column[r]);
    HWY_UNROLL(kLaneVectors)
    for (size_t v = 0; v < kLaneVectors; ++v) {
      sum[r][v] = hn::MulAdd(left, x.lanes[v], sum[r][v]);
    }
  }
}

// Adds the products of kRows rows of `a` and the entries of group `g` to `sums`, which has a row of
// kSparseLanes for each.
template <size_t kRows>
HWY_NOINLINE void AddProducts(const float* HWY_RESTRICT a, size_t lda, const SparseBytes& bytes,
                              size_t g, float* HWY_RESTRICT sums) {
  const LanesTag d;
  const size_t lanes = hn::Lanes(d);
  hn::Vec<LanesTag> sum[kRows][kLaneVectors];
  HWY_UNROLL(kPanelRows)
  for (size_t r = 0; r < kRows; ++r) {
    HWY_UNROLL(kLaneVectors)
    for (size_t v = 0; v < kLaneVectors; ++v) {
      sum[r][v] = hn::Load(d, sums + r * kSparseLanes + v * lanes);
    }
  }

  const auto scale = hn::Set(d, bytes.scale);
  const uint16_t* HWY_RESTRICT rows = bytes.rows + bytes.bounds[g];
  const uint8_t* HWY_RESTRICT values = bytes.values + bytes.bounds[g] * kSparseLanes;
  size_t left = bytes.bounds[g + 1] - bytes.bounds[g];
  for (; left >= 2; left -= 2) {
    __builtin_prefetch(values + kPrefetchBytes);
    const EntryValues x0 = LoadValues(values, scale);
    const EntryValues x1 = LoadValues(values + kSparseLanes, scale);
    AddEntry(a + rows[0] * lda, x0, sum);
    AddEntry(a + rows[1] * lda, x1, sum);
    rows += 2;
    values += 2 * kSparseLanes;
  }
  if (left != 0) AddEntry(a + rows[0] * lda, LoadValues(values, scale), sum);

  HWY_UNROLL(kPanelRows)
  for (size_t r = 0; r < kRows; ++r) {
    HWY_UNROLL(kLaneVectors)
    for (size_t v = 0; v < kLaneVectors; ++v) {
      hn::Store(sum[r][v], d, sums + r * kSparseLanes + v * lanes);
    }
  }
}

// The same for any number of rows up to kMaxRows; may compute one more, which is padding.
template <size_t kMaxRows>
HWY_INLINE void AddProductsOfRows(size_t rows, const float* a, size_t lda, const SparseBytes& bytes,
                                  size_t g, float* sums) {
  if constexpr (kMaxRows > 2) {
    if (rows <= kMaxRows - 2) {
      return AddProductsOfRows<kMaxRows - 2>(rows, a, lda, bytes, g, sums);
    }
  }
  AddProducts<kMaxRows>(a, lda, bytes, g, sums);
}

// Sums are stored, and their columns written, four rows and columns at a time.
inline constexpr size_t kSquare = 4;

// sums = the initial values of rows [first, first + rows) in the columns of a group.
HWY_INLINE void LoadSums(const SparseProduct& p, size_t first, size_t rows, const uint32_t* columns,
                         float* sums) {
  const LanesTag d;
  for (size_t r = 0; r < RoundUp(rows, kSquare); ++r) {
    const auto initial = p.bias != nullptr ? hn::Set(d, p.bias[first + r]) : hn::Zero(d);
    for (size_t i = 0; i < kSparseLanes; i += hn::Lanes(d)) {
      hn::Store(initial, d, sums + r * kSparseLanes + i);
    }
  }
  if (!p.accumulate) return;
  for (size_t i = 0; i < kSparseLanes && columns[i] != kNoColumn; ++i) {
    const float* column = p.c + columns[i] * p.ldc + first;
    for (size_t r = 0; r < rows; ++r) sums[r * kSparseLanes + i] = column[r];
  }
}

// to[j][r + i] = epilogue(sums[i * kSparseLanes + j]) for i, j < kSquare.
HWY_INLINE void StoreTransposed(const float* sums, bool relu, float* const* to, size_t r) {
  const hn::FixedTag<float, kSquare> d;
  const auto row = [&](size_t i) HWY_ATTR {
    // Adding 0 makes +0 of -0, and changes nothing else.
    const auto sum = hn::Add(hn::Load(d, sums + i * kSparseLanes), hn::Zero(d));
    return relu ? Relu(d, sum) : sum;
  };
  const auto row0 = row(0), row1 = row(1), row2 = row(2), row3 = row(3);
  const auto lower02 = hn::InterleaveLower(d, row0, row2);  // columns 0 and 1
  const auto lower13 = hn::InterleaveLower(d, row1, row3);
  const auto upper02 = hn::InterleaveUpper(d, row0, row2);  // columns 2 and 3
  const auto upper13 = hn::InterleaveUpper(d, row1, row3);
  hn::Store(hn::InterleaveLower(d, lower02, lower13), d, to[0] + r);
  hn::Store(hn::InterleaveUpper(d, lower02, lower13), d, to[1] + r);
  hn::Store(hn::InterleaveLower(d, upper02, upper13), d, to[2] + r);
  hn::Store(hn::InterleaveUpper(d, upper02, upper13), d, to[3] + r);
}

// These rows and columns of the result = epilogue(sums), and the padding below them = 0.
HWY_INLINE void StoreSums(const SparseProduct& p, size_t first, size_t rows,
                          const uint32_t* columns, const float* sums) {
  const hn::FixedTag<float, kSquare> d;
  HWY_ALIGN float nowhere[kPadFloats];
  for (size_t i = 0; i < kSparseLanes; i += kSquare) {
    float* to[kSquare];
    for (size_t j = 0; j < kSquare; ++j) {
      const uint32_t column = columns[i + j];
      to[j] = column == kNoColumn ? nowhere : p.c + column * p.ldc + first;
    }
    size_t r = 0;
    for (; r < rows; r += kSquare) {
      StoreTransposed(sums + r * kSparseLanes + i, p.relu, to, r);
    }
    for (; r < kPadFloats; r += kSquare) {
      for (float* column : to) hn::Store(hn::Zero(d), d, column + r);
    }
  }
}

// Floats of `a` that are copied closer together, 40 KiB: with columns of 64 bytes of which 10
// floats are read, 784 columns do not fit into an L1 cache of 32 KiB, and without the gaps they do.
inline constexpr size_t kCopyFloats = 10240;

// Rows of a copied column: what the largest panel that is needed reads.
HWY_INLINE size_t CopyRows(size_t rows) { return RoundUp(rows, 2); }

// Whether the copy is small, saves memory and serves many groups.
HWY_INLINE bool CopyPays(const SparseProduct& p, size_t groups) {
  return CopyRows(p.rows) <= 12 && CopyRows(p.rows) * p.depth <= kCopyFloats && groups >= 32;
}

// All of a product, group by group; a group's rows a cache line at a time, and these in panels of
// nearly equal size.
void MultiplyInPlace(const SparseProduct& p, const SparseBytes& bytes) {
  HWY_ALIGN float sums[kPadFloats * kSparseLanes];
  for (size_t g = 0; g < bytes.groups; ++g) {
    const uint32_t* columns = bytes.columns + g * kSparseLanes;
    for (size_t i = 0; i < kSparseLanes && columns[i] != kNoColumn; ++i) {
      PrefetchForWriting(p.c + columns[i] * p.ldc, p.rows);
      for (const Matrix& next : p.next.matrices) {
        if (next.data != nullptr) PrefetchForWriting(next.Column(columns[i]), next.rows);
      }
    }
    for (size_t first = 0; first < p.rows; first += kPadFloats) {
      const size_t rows = HWY_MIN(kPadFloats, p.rows - first);
      const size_t panels = (rows + kPanelRows - 1) / kPanelRows;
      const size_t panel = RoundUp((rows + panels - 1) / panels, 2);
      LoadSums(p, first, rows, columns, sums);
      for (size_t r = 0; r < rows; r += panel) {
        AddProductsOfRows<kPanelRows>(HWY_MIN(panel, rows - r), p.a + first + r, p.lda, bytes, g,
                                      sums + r * kSparseLanes);
      }
      StoreSums(p, first, rows, columns, sums);
    }
  }
}

// The same with a copy of `a`.
HWY_NOINLINE void MultiplyCopied(SparseProduct p, const SparseBytes& bytes) {
  HWY_ALIGN float copy[kCopyFloats];
  const size_t rows = CopyRows(p.rows);
  for (size_t k = 0; k < p.depth; ++k) {
    for (size_t r = 0; r < rows; ++r) copy[k * rows + r] = p.a[k * p.lda + r];
  }
  p.a = copy;
  p.lda = rows;
  MultiplyInPlace(p, bytes);
}

void MultiplySparse(const SparseProduct& p, const SparseBytes& bytes) {
  if (CopyPays(p, bytes.groups)) {
    MultiplyCopied(p, bytes);
  } else {
    MultiplyInPlace(p, bytes);
  }
}

void ForwardSparseTarget(ConstMatrix w, const SparseBytes& a, const float* bias,
                         Activation activation, Matrix z, const WriteNext& next) {
  MultiplySparse({.a = w.data,
                  .lda = w.stride,
                  .rows = w.rows,
                  .depth = w.cols,
                  .c = z.data,
                  .ldc = z.stride,
                  .bias = bias,
                  .relu = activation == Activation::kRelu,
                  .next = next},
                 a);
}

void WeightGradientSparseTarget(ConstMatrix dz, const SparseBytes& transposed, Output output,
                                Matrix dw) {
  MultiplySparse({.a = dz.data,
                  .lda = dz.stride,
                  .rows = dz.rows,
                  .depth = dz.cols,
                  .c = dw.data,
                  .ldc = dw.stride,
                  .accumulate = output == Output::kAccumulate},
                 transposed);
}

}  // namespace colonnade::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace colonnade::kernels {

HWY_EXPORT(ForwardSparseTarget);
HWY_EXPORT(WeightGradientSparseTarget);

void ForwardSparse(ConstMatrix w, const SparseBytes& a, const float* bias, Activation activation,
                   Matrix z, const WriteNext& next) noexcept {
  HWY_DYNAMIC_DISPATCH(ForwardSparseTarget)(w, a, bias, activation, z, next);
}

void WeightGradientSparse(ConstMatrix dz, const SparseBytes& transposed, Output output,
                          Matrix dw) noexcept {
  HWY_DYNAMIC_DISPATCH(WeightGradientSparseTarget)(dz, transposed, output, dw);
}

}  // namespace colonnade::kernels
#endif  // HWY_ONCE
