// SPDX-License-Identifier: Apache-2.0
// Per-target code of the matrix products. kernels/README.md has the arithmetic of the tiles.
#if defined(COLONNADE_KERNELS_GEMM_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef COLONNADE_KERNELS_GEMM_INL_H_
#undef COLONNADE_KERNELS_GEMM_INL_H_
#else
#define COLONNADE_KERNELS_GEMM_INL_H_
#endif

#include <type_traits>

#include "hwy/highway.h"
#include "kernels/activation-inl.h"
#include "kernels/gemm.h"
#include "kernels/tiles.h"

HWY_BEFORE_NAMESPACE();
namespace colonnade::kernels::HWY_NAMESPACE {

// How the element (k, j) of the right factor lies in memory.
enum class Right {
  kColumns,  // b[k + j * ldb]: a column of it is contiguous
  kRows,     // b[j + k * ldb]: a row of it is contiguous
};

// One product c = epilogue(initial + a · b), in f32. The loops below take any type that has these
// members down to depth, and the functions Start, Add, Finish and MoveRows beside it; they share it
// by reference.
struct Product {
  using Word = float;                      // what the tile loads from a and broadcasts from b
  static constexpr bool kOnePass = false;  // whether the contraction must not be cut into passes

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
  ReadNext next = {};
};

// Vectors × columns of the largest register tile. A 32-register file holds 4 × 6 accumulators,
// 4 vectors of the left factor and a broadcast; a 16-register file 2 × 6, 2 and 1. Both have more
// independent sums than FMA latency × throughput asks for (8), and 10 or 8 loads for 24 or 12 FMA.
#if HWY_TARGET <= HWY_AVX3 || HWY_ARCH_ARM_A64
inline constexpr size_t kTileVectors = 4;
#else
inline constexpr size_t kTileVectors = 2;
#endif
inline constexpr size_t kTileCols = kTileColumns;
static_assert(kTileVectors * kPadFloats <= kMaxTileRows);

// Columns of the tile of a panel that is one vector high, which would have few sums otherwise.
inline constexpr size_t kFlatTileCols = 2 * kTileCols;

// The tile of the forward product that skips zeros: an index is skipped if it is zero in all
// columns of the tile, so that fewer columns skip more; more vectors make up for it.
inline constexpr size_t kSkipTileVectors = 2 * kTileVectors;
inline constexpr size_t kSkipTileCols = 3;

// Contraction indices per pass over a panel: the panel of the left factor then stays in L2 while
// all columns go over it.
inline constexpr size_t kDepthBlock = 1024;

// A left factor whose columns lie a page or more apart costs an address translation per column, and
// hardware does not prefetch across pages: its panels are copied to the stack, this many columns of
// them at a time (128 KiB at most), if enough columns of the right factor go over each copy.
inline constexpr size_t kPackDepth = 512;
inline constexpr size_t kPackStride = 4096 / sizeof(float);
inline constexpr size_t kPackMinCols = 96;

// A pass over `size` contraction indices, all of them; the first and the last pass are special.
struct AllIndices {
  size_t size;
  bool is_first, is_last;

  bool first() const { return is_first; }
  bool last() const { return is_last; }
  size_t count() const { return size; }
  size_t operator[](size_t i) const { return i; }
};

// Of the contraction indices of one pass, those that `list` names.
template <class Index>
struct ListedIndices {
  size_t begin, end, depth;
  const Index* list;
  size_t size;

  bool first() const { return begin == 0; }
  bool last() const { return end == depth; }
  size_t count() const { return size; }
  size_t operator[](size_t i) const { return static_cast<size_t>(list[i]); }
};

// Cache lines that a tile asks for while it computes, because later tiles need them: one per
// contraction index, line i at data + (i % kRun) · stride + (i / kRun) · run_stride.
template <class Word>
struct LinesAhead {
  static constexpr size_t kRun = kPackDepth / kPadFloats;

  const Word* data = nullptr;
  size_t stride = 0;
  size_t run_stride = 0;
  size_t count = 0;

  // Into L2: what the tile works on has the L1 cache for itself.
  HWY_INLINE void Prefetch(size_t i) const {
    if (i < count) __builtin_prefetch(data + i % kRun * stride + i / kRun * run_stride, 0, 2);
  }
};

// The sums of a tile of kV vectors × kN columns.
template <size_t kV, size_t kN>
using Sums = hn::Vec<hn::ScalableTag<float>>[kN][kV];

// Sets the sums of the tile at row `r`, column `j` to what they start a pass with.
template <size_t kV, size_t kN, class Indices>
HWY_INLINE void Start(const Product& p, size_t r, size_t j, const Indices& ks, Sums<kV, kN>& sum) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  if (!ks.first() || p.accumulate) {
    HWY_UNROLL(kFlatTileCols)
    for (size_t n = 0; n < kN; ++n) {
      HWY_UNROLL(kSkipTileVectors)
      for (size_t v = 0; v < kV; ++v) {
        sum[n][v] = hn::Load(d, p.c + (j + n) * p.ldc + r + v * lanes);
      }
    }
  } else {
    HWY_UNROLL(kSkipTileVectors)
    for (size_t v = 0; v < kV; ++v) {
      const auto initial = p.bias != nullptr ? hn::Load(d, p.bias + r + v * lanes) : hn::Zero(d);
      HWY_UNROLL(kFlatTileCols)
      for (size_t n = 0; n < kN; ++n) sum[n][v] = initial;
    }
  }
}

// sum + left · right.
template <class V>
HWY_INLINE V Add(const Product&, V left, V right, V sum) {
  return hn::MulAdd(left, right, sum);
}

// Stores epilogue(row, column, sum) for each sum of a tile. What the loop needs of the product is
// in locals: the compiler must assume that a store changes the product.
template <size_t kV, size_t kN, class F>
HWY_INLINE void StoreSums(const Product& p, size_t r, size_t j, const Sums<kV, kN>& sum,
                          const F& epilogue) {
  const hn::ScalableTag<float> d;
  const size_t ldc = p.ldc;
  float* HWY_RESTRICT c = p.c + j * ldc + r;
  HWY_UNROLL(kFlatTileCols)
  for (size_t n = 0; n < kN; ++n) {
    HWY_UNROLL(kSkipTileVectors)
    for (size_t v = 0; v < kV; ++v) {
      const auto result = hn::Add(sum[n][v], hn::Zero(d));  // -0 becomes +0, all else stays
      hn::Store(epilogue(v * hn::Lanes(d), n, result), d, c + n * ldc + v * hn::Lanes(d));
    }
  }
}

// Stores the sums at the end of a pass.
template <size_t kV, size_t kN, class Indices>
HWY_INLINE void Finish(const Product& p, size_t r, size_t j, const Indices& ks,
                       const Sums<kV, kN>& sum) {
  const hn::ScalableTag<float> d;
  using V = hn::Vec<decltype(d)>;
  if (ks.last() && p.relu) {
    StoreSums<kV, kN>(p, r, j, sum, [=](size_t, size_t, V x) HWY_ATTR { return Relu(d, x); });
  } else if (ks.last() && p.gate != nullptr) {
    const size_t ldgate = p.ldgate;
    const float* gate = p.gate + j * ldgate + r;
    StoreSums<kV, kN>(p, r, j, sum, [=](size_t row, size_t column, V x) HWY_ATTR {
      return ReluGate(d, hn::Load(d, gate + column * ldgate + row), x);
    });
  } else {
    StoreSums<kV, kN>(p, r, j, sum, [](size_t, size_t, V x) HWY_ATTR { return x; });
  }
}

// Asks for the i-th of the cache lines that the tile covers: of the result, to write it, and of
// what the caller reads next.
template <size_t kV, size_t kN, class P>
HWY_INLINE void PrefetchTile(const P& p, size_t r, size_t j, size_t i) {
  constexpr size_t kLines = HWY_MAX(1, kV * hn::MaxLanes(hn::ScalableTag<float>()) / kPadFloats);
  if (i >= kLines * kN) return;
  const size_t row = r + i % kLines * kPadFloats;
  const size_t column = j + i / kLines;
  if (p.c != nullptr) __builtin_prefetch(p.c + row + column * p.ldc, 1, 3);
  for (size_t m = 0; m < p.next.count; ++m) {
    __builtin_prefetch(p.next.matrices[m].Column(column) + row, 0, 2);
  }
}

// The tile of kV vectors × kN columns at row `r`, column `j`, over the contraction indices `ks`.
template <size_t kV, size_t kN, Right kRight, class P, class Indices>
HWY_INLINE void Tile(const P& p, size_t r, size_t j, const Indices& ks,
                     const LinesAhead<typename P::Word>& ahead) {
  using Word = typename P::Word;
  const hn::ScalableTag<Word> d;
  using V = hn::Vec<decltype(d)>;
  const size_t lanes = hn::Lanes(d);

  Sums<kV, kN> sum;
  Start<kV, kN>(p, r, j, ks, sum);

  const size_t count = ks.count();
  for (size_t i = 0; i < count; ++i) {
    const size_t k = ks[i];
    if constexpr (std::is_same_v<Indices, AllIndices>) {
      ahead.Prefetch(i);
      if constexpr (kV > 1) PrefetchTile<kV, kN>(p, r, j, i);  // else it costs more than it saves
    }
    const Word* HWY_RESTRICT a = p.a + r + k * p.lda;
    const Word* HWY_RESTRICT b =
        kRight == Right::kColumns ? p.b + j * p.ldb + k : p.b + j + k * p.ldb;
    const size_t next = kRight == Right::kColumns ? p.ldb : 1;
    // The operands of the shorter side stay in registers, the others come one by one.
    if constexpr (kV <= kN) {
      V left[kV];
      HWY_UNROLL(kSkipTileVectors)
      for (size_t v = 0; v < kV; ++v) left[v] = hn::Load(d, a + v * lanes);
      HWY_UNROLL(kFlatTileCols)
      for (size_t n = 0; n < kN; ++n) {
        const V right = hn::Set(d, b[n * next]);
        HWY_UNROLL(kSkipTileVectors)
        for (size_t v = 0; v < kV; ++v) sum[n][v] = Add(p, left[v], right, sum[n][v]);
      }
    } else {
      V right[kN];
      HWY_UNROLL(kFlatTileCols)
      for (size_t n = 0; n < kN; ++n) right[n] = hn::Set(d, b[n * next]);
      HWY_UNROLL(kSkipTileVectors)
      for (size_t v = 0; v < kV; ++v) {
        const V left = hn::Load(d, a + v * lanes);
        HWY_UNROLL(kFlatTileCols)
        for (size_t n = 0; n < kN; ++n) sum[n][v] = Add(p, left, right[n], sum[n][v]);
      }
    }
  }
  Finish<kV, kN>(p, r, j, ks, sum);
}

// A tile of any number of columns up to kMaxN, each a function of its own. Between kTileCols and
// kMaxN there is none: those take two.
template <size_t kV, size_t kMaxN, Right kRight, class P, class Indices>
HWY_NOINLINE void RaggedTile(const P& p, size_t r, size_t j, size_t cols, const Indices& ks,
                             const LinesAhead<typename P::Word>& ahead) {
  if constexpr (kMaxN > kTileCols) {
    if (cols < kMaxN) {
      const size_t first = HWY_MIN(cols, kTileCols);
      RaggedTile<kV, kTileCols, kRight>(p, r, j, first, ks, ahead);
      if (first < cols) {
        RaggedTile<kV, kTileCols, kRight>(p, r, j + first, cols - first, ks, ahead);
      }
      return;
    }
  } else if constexpr (kMaxN > 1) {
    if (cols < kMaxN) return RaggedTile<kV, kMaxN - 1, kRight>(p, r, j, cols, ks, ahead);
  }
  Tile<kV, kMaxN, kRight>(p, r, j, ks, ahead);
}

// The same. The largest tiles are part of the caller's loop, which saves a call where the
// contraction is short.
template <size_t kV, size_t kMaxN, Right kRight, class P, class Indices>
HWY_INLINE void TileOfColumns(const P& p, size_t r, size_t j, size_t cols, const Indices& ks,
                              const LinesAhead<typename P::Word>& ahead = {}) {
  if constexpr (kV >= kTileVectors) {
    if (cols == kMaxN) return Tile<kV, kMaxN, kRight>(p, r, j, ks, ahead);
  }
  RaggedTile<kV, kMaxN, kRight>(p, r, j, cols, ks, ahead);
}

// Calls panel(r, vectors) for the rows of a product, cut into panels of kMaxV vectors and, at the
// end, smaller powers of two. `vectors` is a std::integral_constant.
template <size_t kMaxV, class F>
HWY_INLINE void ForEachPanel(size_t rows, const F& panel, size_t r = 0) {
  const size_t lanes = hn::Lanes(hn::ScalableTag<float>());
  for (; r + kMaxV * lanes <= rows; r += kMaxV * lanes) {
    panel(r, std::integral_constant<size_t, kMaxV>());
  }
  if constexpr (kMaxV > 1) ForEachPanel<kMaxV / 2>(rows, panel, r);
}

HWY_INLINE void MoveRows(ReadNext& next, size_t r) {
  for (size_t m = 0; m < next.count; ++m) next.matrices[m].data += r;
}

// Makes row `r` of the result row 0.
HWY_INLINE void MoveRows(Product& p, size_t r) {
  p.a += r;
  p.c += r;
  if (p.bias != nullptr) p.bias += r;
  if (p.gate != nullptr) p.gate += r;
  MoveRows(p.next, r);
}

// All of a product: panels of rows; within a panel blocks of contraction indices; within these all
// columns. The first tiles of a pass prefetch what the next pass reads of the left factor, a line
// of each of its columns every tile. Where the left factor is large enough to be packed, the right
// one probably is too, and the other tiles prefetch its next columns.
template <Right kRight, class P>
void Multiply(const P& p) {
  using Word = typename P::Word;
  using Lines = LinesAhead<Word>;
  const hn::ScalableTag<Word> d;
  const size_t lanes = hn::Lanes(d);
  HWY_ALIGN Word packed[kTileVectors * hn::MaxLanes(d) * kPackDepth];
  const bool pack =
      p.lda >= kPackStride && p.cols >= kPackMinCols && (!P::kOnePass || p.depth <= kPackDepth);
  // Passes of equal depth: each has its price.
  const size_t deepest = P::kOnePass ? HWY_MAX(p.depth, 1) : pack ? kPackDepth : kDepthBlock;
  const size_t passes = (p.depth + deepest - 1) / deepest;
  const size_t depth_block =
      passes < 2 ? deepest : RoundUp((p.depth + passes - 1) / passes, kPadFloats);
  ForEachPanel<kTileVectors>(p.rows, [&](size_t r, auto vectors) HWY_ATTR {
    const size_t rows = vectors() * lanes;
    constexpr size_t kCols = vectors() == 1 ? kFlatTileCols : kTileCols;
    size_t k0 = 0;
    do {  // at least once: a product of depth 0 is its initial value
      const size_t depth = HWY_MIN(depth_block, p.depth - k0);
      const AllIndices ks{depth, k0 == 0, k0 + depth == p.depth};
      P pass = p;
      MoveRows(pass, r);
      pass.a += k0 * p.lda;
      pass.b += kRight == Right::kColumns ? k0 : k0 * p.ldb;
      if (pack) {
        for (size_t k = 0; k < depth; ++k) {
          for (size_t v = 0; v < rows; v += lanes) {
            hn::Store(hn::Load(d, pass.a + k * p.lda + v), d, packed + k * rows + v);
          }
        }
        pass.a = packed;
        pass.lda = rows;
      }
      const size_t next_r = ks.last() ? r + rows : r;
      const size_t next_k = ks.last() ? 0 : k0 + depth;
      for (size_t j = 0; j < p.cols; j += kCols) {
        Lines ahead;
        const size_t line = j / kCols * kPadFloats;
        if (line < rows) {
          if (next_r + line < p.rows) {
            ahead = {p.a + next_r + line + next_k * p.lda, p.lda, Lines::kRun * p.lda,
                     HWY_MIN(depth_block, p.depth - next_k)};
          }
        } else if (pack && j + 2 * kCols <= p.cols) {
          if (kRight == Right::kRows) {
            ahead = {pass.b + j + kCols, p.ldb, Lines::kRun * p.ldb, depth};
          } else {
            ahead = {pass.b + (j + kCols) * p.ldb, kPadFloats, p.ldb, kCols * Lines::kRun};
          }
        }
        TileOfColumns<vectors(), kCols, kRight>(pass, 0, j, HWY_MIN(kCols, p.cols - j), ks, ahead);
      }
      k0 += depth;
    } while (k0 < p.depth);
  });
}

// The positions of the bits that are set in `words`, as numbers from `first` on. `list` has room
// for 16 more than 64 · count.
HWY_INLINE size_t ListBits(const uint64_t* words, size_t count, uint32_t first, uint32_t* list) {
  const hn::CappedTag<uint32_t, 16> d;
  const size_t lanes = hn::Lanes(d);
  const auto* bytes = reinterpret_cast<const uint8_t*>(words);
  size_t size = 0;
  for (size_t bit = 0; bit < 64 * count; bit += lanes) {
    // Mask bits of fewer lanes than a byte has come from its lower or upper half.
    const uint8_t mask[2] = {static_cast<uint8_t>(bytes[bit / 8] >> (bit % 8)),
                             lanes > 8 ? bytes[bit / 8 + 1] : uint8_t{0}};
    const auto chosen = hn::LoadMaskBits(d, mask);
    const auto numbers = hn::Iota(d, first + static_cast<uint32_t>(bit));
    // Compress and store: storing compressed lanes to memory is many times slower on some cores.
    hn::StoreU(hn::Compress(numbers, chosen), d, list + size);
    size += hn::CountTrue(d, chosen);
  }
  return size;
}

// The forward product, skipping contraction indices that are zero in all columns of a tile.
inline void MultiplySkippingZeros(const Product& p, ConstNonzeros nonzeros) {
  constexpr size_t kWords = kDepthBlock / 64;
  HWY_ALIGN uint64_t any[kWords];
  HWY_ALIGN uint32_t list[kDepthBlock + 16];
  for (size_t j = 0; j < p.cols; j += kSkipTileCols) {
    const size_t cols = HWY_MIN(kSkipTileCols, p.cols - j);
    size_t k0 = 0;
    do {
      const size_t k1 = HWY_MIN(k0 + kDepthBlock, p.depth);
      const size_t words = (k1 - k0 + 63) / 64;
      for (size_t w = 0; w < words; ++w) {
        any[w] = 0;
        for (size_t n = 0; n < cols; ++n) any[w] |= nonzeros.Column(j + n)[k0 / 64 + w];
      }
      const size_t size = ListBits(any, words, static_cast<uint32_t>(k0), list);
      const ListedIndices<uint32_t> ks{k0, k1, p.depth, list, size};
      ForEachPanel<kSkipTileVectors>(p.rows, [&](size_t r, auto vectors) HWY_ATTR {
        TileOfColumns<vectors(), kSkipTileCols, Right::kColumns>(p, r, j, cols, ks);
      });
      k0 = k1;
    } while (k0 < p.depth);
  }
}

// Among windows[0 .. count), the numbers, counted from `first`, of those that have one of the bits
// of `wanted`. `list` has room for 8 more than count, `windows` are readable up to a multiple of 8.
HWY_INLINE size_t ListWindows(const uint64_t* windows, size_t count, uint64_t wanted, size_t first,
                              uint64_t* list) {
  const hn::CappedTag<uint64_t, 8> d;
  const auto bits = hn::Set(d, wanted);
  size_t size = 0;
  for (size_t i = 0; i < count; i += hn::Lanes(d)) {
    auto chosen = hn::Ne(hn::And(hn::Load(d, windows + i), bits), hn::Zero(d));
    hn::StoreU(hn::Compress(hn::Iota(d, first + i), chosen), d, list + size);
    size += hn::CountTrue(d, chosen);
  }
  return size;
}

// The weight gradient, skipping examples in which the inputs of all columns of a tile are zero.
// `first_row` is the row of `nonzeros` that belongs to column 0 of the product.
inline void MultiplyRowsSkippingZeros(const Product& p, ConstNonzeros nonzeros, size_t first_row) {
  constexpr size_t kBlock =
      8 * kTileCols;  // columns whose bits fit into a word, at any bit of a byte
  HWY_ALIGN uint64_t windows[kDepthBlock];
  HWY_ALIGN uint64_t list[kDepthBlock + 8];
  for (size_t block = 0; block < p.cols; block += kBlock) {
    size_t k0 = 0;
    do {
      const size_t k1 = HWY_MIN(k0 + kDepthBlock, p.depth);
      const size_t row = first_row + block;
      for (size_t k = k0; k < k1; ++k) {
        const auto* bytes = reinterpret_cast<const uint8_t*>(nonzeros.Column(k)) + row / 8;
        hwy::CopyBytes<sizeof(uint64_t)>(bytes, windows + (k - k0));
        windows[k - k0] >>= row % 8;
      }
      for (size_t k = k1; k % 8 != 0; ++k) windows[k - k0] = 0;  // k0 is a multiple of 8
      for (size_t j = block; j < HWY_MIN(block + kBlock, p.cols); j += kTileCols) {
        const size_t cols = HWY_MIN(kTileCols, p.cols - j);
        const uint64_t wanted = ((uint64_t{1} << cols) - 1) << (j - block);
        const size_t size = ListWindows(windows, k1 - k0, wanted, k0, list);
        const ListedIndices<uint64_t> ks{k0, k1, p.depth, list, size};
        ForEachPanel<kTileVectors>(p.rows, [&](size_t r, auto vectors) HWY_ATTR {
          TileOfColumns<vectors(), kTileCols, Right::kRows>(p, r, j, cols, ks);
        });
      }
      k0 = k1;
    } while (k0 < p.depth);
  }
}

}  // namespace colonnade::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // COLONNADE_KERNELS_GEMM_INL_H_
