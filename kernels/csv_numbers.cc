// SPDX-License-Identifier: Apache-2.0
#include "kernels/csv_numbers.h"

#include <bit>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/csv_numbers.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"
#include "kernels/csv_tables.h"

HWY_BEFORE_NAMESPACE();
namespace colonnade::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Bit i: whether bytes[i] is an end of a field, for 64 bytes.
template <class D, class V>
HWY_INLINE uint64_t EndBits(D d, V separator, const uint8_t* bytes) {
  uint64_t ends = 0;
  for (size_t i = 0; i < 64; i += hn::Lanes(d)) {
    const auto v = hn::LoadU(d, bytes + i);
    const auto mask = hn::Or(hn::Eq(v, separator), hn::Eq(v, hn::Set(d, '\n')));
    uint8_t bits[8] = {};
    hn::StoreMaskBits(d, mask, bits);
    uint64_t word;
    std::memcpy(&word, bits, 8);
    ends |= word << i;
  }
  return ends;
}

// Writes `base` plus the places of the set bits, and up to 7 undefined elements behind them.
HWY_INLINE uint32_t* WritePlaces(uint64_t bits, uint32_t base, uint32_t* to) {
  uint32_t* const end = to + hwy::PopCount(bits);
  // By groups, so that a branch is mispredicted only where the number of groups changes.
  while (bits != 0) {
    for (size_t i = 0; i < 8; ++i) {
      to[i] = base + static_cast<uint32_t>(std::countr_zero(bits));
      bits &= bits - 1;
    }
    to += 8;
  }
  return end;
}

size_t FindFieldEndsTarget(const char* text, size_t size, char separator, uint32_t* ends) {
  const hn::CappedTag<uint8_t, 64> d;
  const auto wanted = hn::Set(d, static_cast<uint8_t>(separator));
  const auto* bytes = reinterpret_cast<const uint8_t*>(text);
  uint32_t* to = ends;
  size_t i = 0;
  for (; i + 64 <= size; i += 64) {
    to = WritePlaces(EndBits(d, wanted, bytes + i), static_cast<uint32_t>(i), to);
  }
  if (i < size) {
    uint8_t rest[64];
    std::memcpy(rest, bytes + i, size - i);
    std::memset(rest + (size - i), static_cast<uint8_t>(separator), 64 - (size - i));
    const uint64_t valid = (uint64_t{1} << (size - i)) - 1;
    to = WritePlaces(EndBits(d, wanted, rest) & valid, static_cast<uint32_t>(i), to);
  }
  return static_cast<size_t>(to - ends);
}

// Bit i: whether bytes[i] is `wanted`, for 64 bytes.
template <class D, class V>
HWY_INLINE uint64_t BitsOf(D d, V wanted, const uint8_t* bytes) {
  uint64_t all = 0;
  for (size_t i = 0; i < 64; i += hn::Lanes(d)) {
    uint8_t bits[8] = {};
    hn::StoreMaskBits(d, hn::Eq(hn::LoadU(d, bytes + i), wanted), bits);
    uint64_t word;
    std::memcpy(&word, bits, 8);
    all |= word << i;
  }
  return all;
}

// Bit i: whether an odd number of the bits 0 .. i is set.
HWY_INLINE uint64_t Parities(uint64_t bits) {
  for (int shift = 1; shift < 64; shift *= 2) bits ^= bits << shift;
  return bits;
}

class LineScanner {
 public:
  LineScanner(char separator, char quote)
      : separator_(static_cast<uint8_t>(separator)), quote_(static_cast<uint8_t>(quote)) {}

  // 64 bytes, of which those count that have a bit in `valid`.
  HWY_INLINE void Scan(const uint8_t* bytes, uint64_t valid) {
    const hn::CappedTag<uint8_t, 64> d;
    const uint64_t newlines = BitsOf(d, hn::Set(d, uint8_t{'\n'}), bytes);
    const uint64_t quotes = BitsOf(d, hn::Set(d, quote_), bytes);
    scan_.lines += hwy::PopCount(newlines & valid);
    if (HWY_LIKELY((quotes | inside_ | closed_ | returned_) == 0)) {
      before_ = bytes[63] == separator_ || bytes[63] == '\n' ? 1 : 0;
      return;
    }
    const uint64_t separators = BitsOf(d, hn::Set(d, separator_), bytes);
    const uint64_t returns = BitsOf(d, hn::Set(d, uint8_t{'\r'}), bytes);
    const uint64_t inside = Parities(quotes) ^ inside_;
    const uint64_t opening = quotes & inside;
    const uint64_t closing = quotes & ~inside;
    const uint64_t ends = (separators | newlines) & ~inside;
    const uint64_t behind = closing << 1 | closed_;
    const uint64_t returned = behind & returns;  // a line has to end there
    bad_ |= opening & ~((ends | quotes) << 1 | before_);
    bad_ |= behind & ~(separators | newlines | quotes | returns);
    bad_ |= (returned << 1 | returned_) & ~newlines;
    before_ = (ends | quotes) >> 63;
    closed_ = closing >> 63;
    returned_ = returned >> 63;
    inside_ = (inside >> 63) != 0 ? ~uint64_t{0} : 0;
    scan_.inside += hwy::PopCount(newlines & inside & valid);
    scan_.quotes |= quotes != 0;
  }

  LineScan Finish() const {
    LineScan scan = scan_;
    scan.regular = bad_ == 0 && inside_ == 0;
    return scan;
  }

 private:
  uint8_t separator_;
  uint8_t quote_;
  LineScan scan_;
  uint64_t bad_ = 0;
  uint64_t inside_ = 0;    // all ones: the next block begins within quotes
  uint64_t before_ = 1;    // an end or a quote is right in front of it
  uint64_t closed_ = 0;    // a closing quote is
  uint64_t returned_ = 0;  // a closing quote and a CR are
};

LineScan ScanLinesTarget(const char* text, size_t size, char separator, char quote) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(text);
  LineScanner scanner(separator, quote);
  size_t i = 0;
  for (; i + 64 <= size; i += 64) scanner.Scan(bytes + i, ~uint64_t{0});
  if (i < size) {
    uint8_t rest[64];
    std::memcpy(rest, bytes + i, size - i);
    std::memset(rest + (size - i), '\n', 64 - (size - i));
    scanner.Scan(rest, (uint64_t{1} << (size - i)) - 1);
  }
  return scanner.Finish();
}

size_t FindUnquotedEndsTarget(const char* text, size_t size, char separator, char quote,
                              uint32_t* ends) {
  const hn::CappedTag<uint8_t, 64> d;
  const auto wanted = hn::Set(d, static_cast<uint8_t>(separator));
  const auto quotes_of = hn::Set(d, static_cast<uint8_t>(quote));
  const auto* bytes = reinterpret_cast<const uint8_t*>(text);
  uint64_t within = 0;  // all ones: the next block begins within quotes
  const auto unquoted = [&](const uint8_t* block) {
    const uint64_t inside = Parities(BitsOf(d, quotes_of, block)) ^ within;
    within = (inside >> 63) != 0 ? ~uint64_t{0} : 0;
    return EndBits(d, wanted, block) & ~inside;
  };
  uint32_t* to = ends;
  size_t i = 0;
  for (; i + 64 <= size; i += 64) {
    to = WritePlaces(unquoted(bytes + i), static_cast<uint32_t>(i), to);
  }
  if (i < size) {
    uint8_t rest[64];
    std::memcpy(rest, bytes + i, size - i);
    std::memset(rest + (size - i), static_cast<uint8_t>(separator), 64 - (size - i));
    const uint64_t valid = (uint64_t{1} << (size - i)) - 1;
    to = WritePlaces(unquoted(rest) & valid, static_cast<uint32_t>(i), to);
  }
  return static_cast<size_t>(to - ends);
}

// The number that 16 digits make, given as values 0..9.
HWY_INLINE uint64_t SixteenDigits(hn::Vec<hn::Full128<uint8_t>> digits) {
  const hn::Full128<int8_t> d8;
  const hn::Full128<int16_t> d16;
  const hn::Full128<int32_t> d32;
  const hn::Full128<uint64_t> d64;
  const auto tens =
      hn::Dup128VecFromValues(d8, 10, 1, 10, 1, 10, 1, 10, 1, 10, 1, 10, 1, 10, 1, 10, 1);
  const auto hundreds = hn::Dup128VecFromValues(d16, 100, 1, 100, 1, 100, 1, 100, 1);
  const auto ten_thousands = hn::Dup128VecFromValues(d16, 10000, 1, 10000, 1, 10000, 1, 10000, 1);
  const auto by_2 = hn::SatWidenMulPairwiseAdd(d16, digits, tens);
  const auto by_4 = hn::WidenMulPairwiseAdd(d32, by_2, hundreds);
  const auto narrow = hn::OrderedDemote2To(d16, by_4, by_4);
  const auto by_8 = hn::WidenMulPairwiseAdd(d32, narrow, ten_thousands);
  const uint64_t both = hn::GetLane(hn::BitCast(d64, by_8));
  return (both & 0xffffffff) * 100'000'000 + (both >> 32);
}

// A field of at most 16 characters without its sign, right-aligned in a vector: the point is taken
// out by a table lookup, and the digits are added up in pairs. The quotient of two integers that a
// double holds is rounded to a double and then to f32. Rounding twice goes wrong only where the
// double lies half-way between two floats, and the first rounding may have put it there.
size_t DecodeNumbersTarget(const char* text, size_t begin, const uint32_t* ends, size_t count,
                           float* to) {
  const hn::Full128<uint8_t> d;
  const auto* bytes = reinterpret_cast<const uint8_t*>(text);
  for (size_t i = 0; i < count; ++i) {
    const size_t end = ends[i];
    const uint8_t first = bytes[begin];
    const bool negative = first == '-';
    const size_t length = end - begin - (negative || first == '+' ? 1 : 0);
    begin = end + 1;
    const auto lanes = hn::LoadU(d, kLastLanes.data() + HWY_MIN(length, size_t{16}));
    const auto field = hn::And(hn::Sub(hn::LoadU(d, bytes + end - 16), hn::Set(d, '0')), lanes);
    uint8_t point_bits[8] = {};
    hn::StoreMaskBits(d, hn::Eq(field, hn::Set(d, static_cast<uint8_t>('.' - '0'))), point_bits);
    // The lane of the first point; 16: there is none.
    const auto point = static_cast<size_t>(
        std::countr_zero(0x10000u | point_bits[0] | static_cast<uint32_t>(point_bits[1]) << 8));
    const size_t decimals = point < 16 ? 15 - point : 0;
    const auto order = hn::Load(d, kPointOrder.data() + 16 * point);
    const auto digits = hn::TableLookupBytesOr0(field, order);
    const uint64_t integer = SixteenDigits(digits);
    const double value =
        static_cast<double>(static_cast<int64_t>(integer)) / kPowersOfTen[decimals];
    const uint64_t below = std::bit_cast<uint64_t>(value) & 0x1fffffff;  // what f32 has not
    const size_t least = point < 16 ? 2 : 1;
    if (HWY_UNLIKELY(length > 16 || length < least || integer >> 53 != 0 ||
                     (below == 0x10000000 && decimals != 0) ||
                     !hn::AllTrue(d, hn::Lt(digits, hn::Set(d, 10))))) {
      return i;
    }
    to[i] = std::bit_cast<float>(std::bit_cast<uint32_t>(static_cast<float>(value)) |
                                 static_cast<uint32_t>(negative) << 31);
  }
  return count;
}

}  // namespace colonnade::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace colonnade::kernels {

HWY_EXPORT(FindFieldEndsTarget);
HWY_EXPORT(DecodeNumbersTarget);
HWY_EXPORT(ScanLinesTarget);
HWY_EXPORT(FindUnquotedEndsTarget);

LineScan ScanLines(const char* text, size_t size, char separator, char quote) noexcept {
  return HWY_DYNAMIC_DISPATCH(ScanLinesTarget)(text, size, separator, quote);
}

size_t FindUnquotedEnds(const char* text, size_t size, char separator, char quote,
                        uint32_t* ends) noexcept {
  return HWY_DYNAMIC_DISPATCH(FindUnquotedEndsTarget)(text, size, separator, quote, ends);
}

size_t FindFieldEnds(const char* text, size_t size, char separator, uint32_t* ends) noexcept {
  return HWY_DYNAMIC_DISPATCH(FindFieldEndsTarget)(text, size, separator, ends);
}

size_t DecodeNumbers(const char* text, size_t begin, const uint32_t* ends, size_t count,
                     float* to) noexcept {
  return HWY_DYNAMIC_DISPATCH(DecodeNumbersTarget)(text, begin, ends, count, to);
}

}  // namespace colonnade::kernels
#endif  // HWY_ONCE
