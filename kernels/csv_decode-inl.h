// SPDX-License-Identifier: Apache-2.0
// Per-target decoding of one block of text: the integers 0..255 whose fields end in it.
//
// Every byte is taken for a possible end of a field. With the bytes 1, 2 and 3 before it in vectors
// of their own, the value that would end there is a digit, plus ten times one, plus a hundred times
// one, by arithmetic that knows no lengths of fields; where a field does end, the value is kept. So
// the time depends on the size of the text alone, and no branch is mispredicted but at the ends of
// rows.
#if defined(COLONNADE_KERNELS_CSV_DECODE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef COLONNADE_KERNELS_CSV_DECODE_INL_H_
#undef COLONNADE_KERNELS_CSV_DECODE_INL_H_
#else
#define COLONNADE_KERNELS_CSV_DECODE_INL_H_
#endif

#include <cstdint>
#include <cstring>

#include "hwy/highway.h"
#include "kernels/csv_tables.h"

HWY_BEFORE_NAMESPACE();
namespace colonnade::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Bytes of text that are decoded at once, and, before them, those that a value may begin in.
inline constexpr size_t kBlock = 64;
inline constexpr size_t kBefore = 3;

// One bit per byte of a block.
struct BlockBits {
  uint64_t ends;      // of fields
  uint64_t newlines;  // '\n'
};

template <class D, class M>
HWY_INLINE uint64_t MaskBits(D d, M mask) {
  uint8_t bytes[8] = {};
  hn::StoreMaskBits(d, mask, bytes);
  uint64_t bits;
  std::memcpy(&bits, bytes, 8);
  return bits;
}

// Stores the bytes of values[0 .. kBlock) at the set bits of `ends`, one after the other, and
// undefined bytes behind them, kBlock bytes at most.
HWY_INLINE void CompressBlock(const uint8_t* values, uint64_t ends, uint8_t* out) {
#if HWY_TARGET == HWY_SSE2  // has no instruction for a table lookup
  for (; ends != 0; ends &= ends - 1) *out++ = values[hwy::Num0BitsBelowLS1Bit_Nonzero64(ends)];
#else
  // Highway's Compress of bytes is slow below AVX3_DL; groups of eight by a table are not.
  const hn::CappedTag<uint8_t, 8> d;
  for (size_t i = 0; i < kBlock; i += 8) {
    const uint64_t group = ends >> i & 0xff;
    const auto order = hn::Load(d, kCompressOrder.data() + 8 * group);
    hn::StoreU(hn::TableLookupBytes(hn::LoadU(d, values + i), order), d, out);
#if HWY_ARCH_X86 && HWY_TARGET >= HWY_SSSE3  // without an instruction for it
    out += kCompressCount[group];
#else
    out += hwy::PopCount(group);
#endif
  }
#endif
}

#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3

// For targets whose masks are registers: validates by arithmetic on their 64 bits.
template <bool kCrlf>
class BlockDecoder {
 public:
  explicit BlockDecoder(uint8_t separator) : separator_(separator) {}

  // Decodes kBlock bytes from `p` on; the kBefore bytes before them are the last ones of the block
  // before. Stores the values of fields that end at bits of `valid`, one after the other, and
  // undefined bytes behind them, kBlock bytes in all.
  HWY_INLINE BlockBits Decode(const uint8_t* p, uint64_t valid, uint8_t* out) {
    const D d;
    const hn::RebindToSigned<D> di;
    const auto zero = hn::Set(d, '0');
    const auto v = hn::LoadU(d, p);
    const auto v1 = hn::Sub(hn::LoadU(d, p - 1), zero);
    const auto v2 = hn::LoadU(d, p - 2);  // of digits, a lookup sees the lower 4 bits only
    const auto v3 = hn::LoadU(d, p - 3);
    const uint64_t digits = MaskBits(d, hn::Lt(hn::Sub(v, zero), hn::Set(d, 10)));
    const uint64_t separators = MaskBits(d, hn::Eq(v, hn::Set(d, separator_)));
    const uint64_t newlines = MaskBits(d, hn::Eq(v, hn::Set(d, '\n')));
    const uint64_t returns = kCrlf ? MaskBits(d, hn::Eq(v, hn::Set(d, '\r'))) : 0;
    const uint64_t ends = separators | (kCrlf ? returns : newlines);
    const uint64_t digits1 = digits << 1 | digits_before_ >> 63;
    const uint64_t digits2 = digits << 2 | digits_before_ >> 62;
    const uint64_t digits23 = digits2 & (digits << 3 | digits_before_ >> 61);

    const auto tens =
        hn::Dup128VecFromValues(d, 0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 0, 0, 0, 0, 0, 0);
    const auto hundreds =
        hn::Dup128VecFromValues(d, 0, 100, 200, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    // The most that may follow a digit of hundreds: nothing from 3 on.
    const auto limits =
        hn::Dup128VecFromValues(di, 99, 99, 55, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0);
    const auto low = hn::Add(v1, hn::IfThenElseZero(Mask(digits2), hn::TableLookupBytes(tens, v2)));
    const auto value =
        hn::Add(low, hn::IfThenElseZero(Mask(digits23), hn::TableLookupBytes(hundreds, v3)));
    const uint64_t large = MaskBits(
        di, hn::Gt(hn::BitCast(di, low), hn::TableLookupBytes(limits, hn::BitCast(di, v3))));

    bad_ |= ~(digits | ends | newlines) | (ends & ~digits1) | (digits & digits1 & digits23) |
            (ends & digits23 & large);
    if (kCrlf) {
      bad_ |= newlines ^ (returns << 1 | returns_before_);
      returns_before_ = returns >> 63;
    }
    digits_before_ = digits;
#if HWY_TARGET <= HWY_AVX3_DL
    hn::StoreU(hn::Compress(value, Mask(ends & valid)), d, out);  // CompressStore is slow on Zen 4
#else
    alignas(64) uint8_t values[kBlock];
    hn::Store(value, d, values);
    CompressBlock(values, ends & valid, out);
#endif
    return {ends & valid, newlines & valid};
  }

  // Whether all blocks so far were well-formed.
  bool good() const { return bad_ == 0; }

 private:
  using D = hn::CappedTag<uint8_t, kBlock>;

  HWY_INLINE static hn::Mask<D> Mask(uint64_t bits) {
    uint8_t bytes[8];
    std::memcpy(bytes, &bits, 8);
    return hn::LoadMaskBits(D(), bytes);
  }

  uint8_t separator_;
  uint64_t digits_before_ = 0;
  uint64_t returns_before_ = 0;
  uint64_t bad_ = 0;
};

#else

// For targets whose masks are vectors: of what it accumulates, the top bits of the bytes count.
template <bool kCrlf>
class BlockDecoder {
 public:
  explicit BlockDecoder(uint8_t separator)
      : separator_(separator), bad_(hn::Zero(D())), short_(hn::Set(D(), 0x80)) {}

  HWY_INLINE BlockBits Decode(const uint8_t* p, uint64_t valid, uint8_t* out) {
    const D d;
    alignas(64) uint8_t values[kBlock];
    BlockBits bits = {0, 0};
    HWY_UNROLL(4)
    for (size_t i = 0; i < kBlock; i += hn::Lanes(d)) {
      const auto v = hn::LoadU(d, p + i);
      const auto v1 = hn::LoadU(d, p + i - 1);
      const auto newlines = hn::Eq(v, hn::Set(d, '\n'));
      const auto separators = hn::Eq(v, hn::Set(d, separator_));
      const auto ends_mask = hn::Or(separators, kCrlf ? hn::Eq(v, hn::Set(d, '\r')) : newlines);
      const auto ends = hn::VecFromMask(d, ends_mask);
      const auto c = Classify(v);
      const auto c1 = Classify(v1);
      const auto c2 = Classify(hn::LoadU(d, p + i - 2));
      // The third digit counts only where the second one is one.
      const auto c3 = hn::Or(Classify(hn::LoadU(d, p + i - 3)), hn::And(c2, hn::Set(d, 0x80)));
      const auto low = hn::Add(hn::Sub(v1, hn::Set(d, '0')), Tens(c2));
      const auto value = hn::Add(low, Hundreds(c3));
      const auto large = hn::Add(low, Excess(c3));

      const auto known = kCrlf ? hn::Or(ends, hn::VecFromMask(d, newlines)) : ends;
      bad_ = hn::Or(bad_, hn::AndNot(known, c));
      bad_ = hn::Or(bad_, hn::And(ends, hn::Or(c1, large)));
      short_ = hn::And(short_, hn::Or(hn::Or(c, c1), c3));
      if (kCrlf) {
        const auto returns1 = hn::Eq(v1, hn::Set(d, '\r'));
        bad_ = hn::Or(bad_, hn::VecFromMask(d, hn::Xor(returns1, newlines)));
      }
      hn::Store(value, d, values + i);
      bits.ends |= MaskBits(d, ends_mask) << i;
      bits.newlines |= MaskBits(d, newlines) << i;
    }
    bits.ends &= valid;
    bits.newlines &= valid;
    CompressBlock(values, bits.ends, out);
    return bits;
  }

  bool good() const {
    const D d;
    const hn::RebindToSigned<D> di;
    const auto faults = hn::Or(bad_, hn::Xor(short_, hn::Set(d, 0x80)));
    return hn::AllFalse(di, hn::Lt(hn::BitCast(di, faults), hn::Zero(di)));
  }

 private:
  using D = hn::CappedTag<uint8_t, kBlock>;

  using V = hn::Vec<D>;

  // Digits give 0x76 to 0x7f, anything else 0x80 and more. What is looked up by that is 0 for the
  // latter; the tables begin at 6, since a lookup sees the lower 4 bits.
  HWY_INLINE static V Classify(V v) {
    const D d;
    return hn::SaturatedAdd(hn::Sub(v, hn::Set(d, '0')), hn::Set(d, 0x76));
  }

#if HWY_TARGET == HWY_SSE2  // has no instruction for a lookup
  HWY_INLINE static V IfEqual(V c, uint8_t index, uint8_t value) {
    return hn::And(hn::VecFromMask(D(), hn::Eq(c, hn::Set(D(), index))), hn::Set(D(), value));
  }
  HWY_INLINE static V Tens(V c) {
    const hn::RebindToSigned<D> di;
    const auto others = hn::BitCast(D(), hn::BroadcastSignBit(hn::BitCast(di, c)));
    const auto twice = hn::AndNot(others, hn::Add(c, hn::Add(c, hn::Set(D(), 0x14))));
    const auto four_times = hn::Add(twice, twice);
    return hn::Add(twice, hn::Add(four_times, four_times));
  }
  HWY_INLINE static V Hundreds(V c) { return hn::Or(IfEqual(c, 0x77, 100), IfEqual(c, 0x78, 200)); }
  HWY_INLINE static V Excess(V c) {
    const hn::RebindToSigned<D> di;
    const auto above = hn::Gt(hn::BitCast(di, c), hn::Set(di, 0x78));
    return hn::Or(IfEqual(c, 0x78, 72),
                  hn::And(hn::BitCast(D(), hn::VecFromMask(di, above)), hn::Set(D(), 128)));
  }
#else
  HWY_INLINE static V Lookup(V table, V c) {
#if !HWY_ARCH_X86  // where a lookup sees all bits
    c = hn::And(c, hn::Set(D(), 0x8f));
#endif
    return hn::TableLookupBytesOr0(table, c);
  }
  HWY_INLINE static V Tens(V c) {
    return Lookup(
        hn::Dup128VecFromValues(D(), 0, 0, 0, 0, 0, 0, 0, 10, 20, 30, 40, 50, 60, 70, 80, 90), c);
  }
  HWY_INLINE static V Hundreds(V c) {
    return Lookup(hn::Dup128VecFromValues(D(), 0, 0, 0, 0, 0, 0, 0, 100, 200, 0, 0, 0, 0, 0, 0, 0),
                  c);
  }
  // What, added to the two lower digits, reaches 128 just where all three exceed 255.
  HWY_INLINE static V Excess(V c) {
    return Lookup(
        hn::Dup128VecFromValues(D(), 0, 0, 0, 0, 0, 0, 0, 0, 72, 128, 128, 128, 128, 128, 128, 128),
        c);
  }
#endif

  uint8_t separator_;
  hn::Vec<D> bad_;
  hn::Vec<D> short_;  // where no field so far had 4 digits
};

#endif

}  // namespace colonnade::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // COLONNADE_KERNELS_CSV_DECODE_INL_H_
