// Per-target code of the matrix products. kernels/README.md has the arithmetic of the tiles.
#if defined(COLONNADE_KERNELS_GEMM_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef COLONNADE_KERNELS_GEMM_INL_H_
#undef COLONNADE_KERNELS_GEMM_INL_H_
#else
#define COLONNADE_KERNELS_GEMM_INL_H_
#endif

#include "hwy/highway.h"
#include "kernels/activation-inl.h"
#include "kernels/gemm.h"

HWY_BEFORE_NAMESPACE();
namespace colonnade::kernels::HWY_NAMESPACE {

// How the element (k, j) of the right factor lies in memory.
enum class Right {
  kColumns,  // b[k + j * ldb]: a column of it is contiguous
  kRows,     // b[j + k * ldb]: a row of it is contiguous
};

// One product c = epilogue(initial + a · b). All loops below share it by reference.
struct Product {
  const float* a;  // left factor, columns contiguous
  size_t lda;
  const float* b;  // right factor, laid out as Right says
  size_t ldb;
  size_t rows;   // of c, padded
  size_t cols;   // of c
  size_t depth;  // length of the contraction
  float* c;
  size_t ldc;
  const float* bias = nullptr;  // initial value per row, or none
  bool accumulate = false;      // initial value is c
  bool relu = false;            // epilogue: ReLU
  const float* gate = nullptr;  // epilogue: zero where the gate is not positive
  size_t ldgate = 0;
};

// Vectors × columns of the largest register tile. A 32-register file holds 4 × 6 accumulators,
// 4 vectors of the left factor and a broadcast; a 16-register file 2 × 6, 2 and 1. Both have more
// independent sums than FMA latency × throughput asks for (8), and 10 or 8 loads for 24 or 12 FMA.
#if HWY_TARGET <= HWY_AVX3 || HWY_ARCH_ARM_A64
inline constexpr size_t kTileVectors = 4;
#else
inline constexpr size_t kTileVectors = 2;
#endif
inline constexpr size_t kTileCols = 6;

// Contraction indices per pass over a panel: the panel of the left factor then stays in L2 while
// all columns go over it.
inline constexpr size_t kDepthBlock = 1024;

// The tile of kV vectors × kN columns at row `r`, column `j`, over contraction indices [k0, k1).
template <size_t kV, size_t kN, Right kRight>
HWY_NOINLINE void Tile(const Product& p, size_t r, size_t j, size_t k0, size_t k1) {
  const hn::ScalableTag<float> d;
  using V = hn::Vec<decltype(d)>;
  const size_t lanes = hn::Lanes(d);

  V sum[kN][kV];
  if (k0 > 0 || p.accumulate) {
    HWY_UNROLL(kTileCols)
    for (size_t n = 0; n < kN; ++n) {
      HWY_UNROLL(kTileVectors)
      for (size_t v = 0; v < kV; ++v) {
        sum[n][v] = hn::Load(d, p.c + (j + n) * p.ldc + r + v * lanes);
      }
    }
  } else {
    HWY_UNROLL(kTileVectors)
    for (size_t v = 0; v < kV; ++v) {
      const V initial = p.bias != nullptr ? hn::Load(d, p.bias + r + v * lanes) : hn::Zero(d);
      HWY_UNROLL(kTileCols)
      for (size_t n = 0; n < kN; ++n) sum[n][v] = initial;
    }
  }

  const float* HWY_RESTRICT a = p.a + r + k0 * p.lda;
  const float* HWY_RESTRICT b =
      kRight == Right::kColumns ? p.b + j * p.ldb + k0 : p.b + j + k0 * p.ldb;
  for (size_t k = k0; k < k1; ++k) {
    V left[kV];
    HWY_UNROLL(kTileVectors)
    for (size_t v = 0; v < kV; ++v) left[v] = hn::Load(d, a + v * lanes);
    HWY_UNROLL(kTileCols)
    for (size_t n = 0; n < kN; ++n) {
      const V right = hn::Set(d, b[kRight == Right::kColumns ? n * p.ldb : n]);
      HWY_UNROLL(kTileVectors)
      for (size_t v = 0; v < kV; ++v) sum[n][v] = hn::MulAdd(left[v], right, sum[n][v]);
    }
    a += p.lda;
    b += kRight == Right::kColumns ? 1 : p.ldb;
  }

  const bool last = k1 == p.depth;
  HWY_UNROLL(kTileCols)
  for (size_t n = 0; n < kN; ++n) {
    HWY_UNROLL(kTileVectors)
    for (size_t v = 0; v < kV; ++v) {
      const size_t row = r + v * lanes;
      V result = sum[n][v];
      if (last && p.relu) result = Relu(d, result);
      if (last && p.gate != nullptr) {
        result = ReluGate(d, hn::Load(d, p.gate + (j + n) * p.ldgate + row), result);
      }
      hn::Store(result, d, p.c + (j + n) * p.ldc + row);
    }
  }
}

// The last `cols` (< kTileCols) columns of a panel.
template <size_t kV, Right kRight>
HWY_INLINE void TileRest(const Product& p, size_t r, size_t j, size_t cols, size_t k0, size_t k1) {
  static_assert(kTileCols == 6);
  switch (cols) {
    case 5:
      return Tile<kV, 5, kRight>(p, r, j, k0, k1);
    case 4:
      return Tile<kV, 4, kRight>(p, r, j, k0, k1);
    case 3:
      return Tile<kV, 3, kRight>(p, r, j, k0, k1);
    case 2:
      return Tile<kV, 2, kRight>(p, r, j, k0, k1);
    case 1:
      return Tile<kV, 1, kRight>(p, r, j, k0, k1);
    default:
      return;
  }
}

// kV vectors of rows, all columns, all of the depth.
template <size_t kV, Right kRight>
HWY_INLINE void Panel(const Product& p, size_t r) {
  size_t k0 = 0;
  do {  // at least once: a product of depth 0 is its initial value
    const size_t k1 = HWY_MIN(k0 + kDepthBlock, p.depth);
    size_t j = 0;
    for (; j + kTileCols <= p.cols; j += kTileCols) Tile<kV, kTileCols, kRight>(p, r, j, k0, k1);
    TileRest<kV, kRight>(p, r, j, p.cols - j, k0, k1);
    k0 = k1;
  } while (k0 < p.depth);
}

template <Right kRight>
void Multiply(const Product& p) {
  const size_t lanes = hn::Lanes(hn::ScalableTag<float>());
  size_t r = 0;
  for (; r + kTileVectors * lanes <= p.rows; r += kTileVectors * lanes) {
    Panel<kTileVectors, kRight>(p, r);
  }
  if constexpr (kTileVectors > 2) {
    for (; r + 2 * lanes <= p.rows; r += 2 * lanes) Panel<2, kRight>(p, r);
  }
  for (; r < p.rows; r += lanes) Panel<1, kRight>(p, r);
}

}  // namespace colonnade::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // COLONNADE_KERNELS_GEMM_INL_H_
