// SPDX-License-Identifier: Apache-2.0
#include "kernels/dropout.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/dropout.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace colonnade::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

namespace {

// Rows that one set of counters, kPadFloats of them with four numbers each, tells of.
constexpr size_t kWords = 4;
constexpr size_t kGroupRows = kWords * kPadFloats;

using Tag = hn::CappedTag<uint32_t, kPadFloats>;
using Words = hn::Vec<Tag>;

struct Product {
  Words high, low;
};

HWY_INLINE Product Multiply(Words a, uint32_t factor) {
  const Tag d;
  const Words m = hn::Set(d, factor);
  const auto even = hn::MulEven(a, m);
  const auto odd = hn::MulOdd(a, m);
  const Words even_high = hn::BitCast(d, hn::ShiftRight<32>(even));
  return {hn::OddEven(hn::BitCast(d, odd), even_high), hn::Mul(a, m)};
}

// Philox 4×32-10 (Salmon et al. 2011) of the counters in the lanes of c0 .. c3.
HWY_INLINE void Philox(uint64_t seed, Words& c0, Words& c1, Words& c2, Words& c3) {
  const Tag d;
  auto k0 = static_cast<uint32_t>(seed);
  auto k1 = static_cast<uint32_t>(seed >> 32);
  for (int round = 0; round < 10; ++round) {
    const Product a = Multiply(c0, 0xD2511F53u);
    const Product b = Multiply(c2, 0xCD9E8D57u);
    c0 = hn::Xor3(b.high, c1, hn::Set(d, k0));
    c1 = b.low;
    c2 = hn::Xor3(a.high, c3, hn::Set(d, k1));
    c3 = a.low;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
}

}  // namespace

void DropoutTarget(const DropoutMask& mask, size_t first_row, size_t first_column, float scale,
                   ConstMatrix from, Matrix to) {
  const Tag d;
  const hn::RebindToFloat<Tag> df;
  const size_t lanes = hn::Lanes(d);
  const Words threshold = hn::Set(d, mask.threshold);
  const auto factor = hn::Set(df, scale);
  const size_t end_row = first_row + PaddedRows(from.rows);
  for (size_t c = 0; c < from.cols; ++c) {
    for (size_t group = first_row / kGroupRows; group * kGroupRows < end_row; ++group) {
      for (size_t lane = 0; lane < kPadFloats; lane += lanes) {
        const auto counter = (mask.layer << 18) + static_cast<uint32_t>(group * kPadFloats + lane);
        Words words[kWords] = {hn::Set(d, static_cast<uint32_t>(first_column + c)),
                               hn::Set(d, mask.step), hn::Set(d, mask.stream),
                               hn::Iota(d, counter)};
        Philox(mask.seed, words[0], words[1], words[2], words[3]);
        for (size_t word = 0; word < kWords; ++word) {
          const size_t row = group * kGroupRows + word * kPadFloats + lane;
          if (row < first_row || row >= end_row) continue;
          const auto kept = hn::RebindMask(df, hn::Ge(words[word], threshold));
          const auto x = hn::Load(df, from.Column(c) + (row - first_row));
          hn::Store(hn::IfThenElseZero(kept, hn::Mul(x, factor)), df,
                    to.Column(c) + (row - first_row));
        }
      }
    }
  }
}

}  // namespace colonnade::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace colonnade::kernels {

HWY_EXPORT(DropoutTarget);

void Dropout(const DropoutMask& mask, size_t first_row, size_t first_column, float scale,
             ConstMatrix from, Matrix to) noexcept {
  HWY_DYNAMIC_DISPATCH(DropoutTarget)(mask, first_row, first_column, scale, from, to);
}

}  // namespace colonnade::kernels
#endif  // HWY_ONCE
