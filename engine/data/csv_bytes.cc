// SPDX-License-Identifier: Apache-2.0
#include "engine/data/csv_bytes.h"

#include <bit>
#include <cstring>

namespace colonnade {
namespace {

static_assert(std::endian::native == std::endian::little);

template <class T>
T Load(const char* p) {
  T value;
  std::memcpy(&value, p, sizeof(value));
  return value;
}

}  // namespace

// Images are mostly runs of "0,", and those are worth a branch of their own, which the processor
// predicts but for their ends. Elsewhere fields have one to three digits in no predictable order,
// so that a field goes without a branch on its length: 4 bytes are loaded, the digits shifted to
// the upper end of a word, and zeros take the place of those that are missing.
const char* ParseByteFields(const char* p, size_t count, char separator, uint8_t* to) noexcept {
  const auto end_of_field = static_cast<uint32_t>(static_cast<unsigned char>(separator));
  const uint32_t zero = '0' | end_of_field << 8;
  const uint64_t four_zeros = zero * uint64_t{0x0001000100010001};
  uint8_t* const end = to + count;
  while (to < end) {
    if (Load<uint16_t>(p) == zero) {
      while (end - to >= 4 && Load<uint64_t>(p) == four_zeros) {
        std::memset(to, 0, 4);
        to += 4;
        p += 8;
      }
      if (to == end || Load<uint16_t>(p) != zero) continue;
      *to++ = 0;
      p += 2;
      continue;
    }
    // Digits become 0..9. A carry out of a byte that is no digit reaches only those behind it.
    const uint32_t word = Load<uint32_t>(p) ^ 0x30303030;
    const uint32_t others = ((word + 0x76767676) | word) & 0x80808080;
    const auto bits = static_cast<unsigned>(std::countr_zero(others)) & ~7U;  // 8 per digit
    if (bits == 0 || bits > 24 || ((word >> bits & 0xff) ^ 0x30) != end_of_field) return nullptr;
    const uint32_t digits = word << (32 - bits);
    const uint32_t value = (digits >> 8 & 0xff) * 100 + (digits >> 16 & 0xff) * 10 + (digits >> 24);
    if (value > 255) return nullptr;
    *to++ = static_cast<uint8_t>(value);
    p += bits / 8 + 1;
  }
  return p;
}

const char* ParseSmallField(const char* p, char terminator, uint32_t* value) noexcept {
  const char* const begin = p;
  uint32_t sum = 0;
  for (; p - begin < 3 && *p >= '0' && *p <= '9'; ++p) {
    sum = sum * 10 + static_cast<uint32_t>(*p - '0');
  }
  if (p == begin) return nullptr;
  if (*p == '\r' && terminator == '\n') ++p;
  if (*p != terminator) return nullptr;
  *value = sum;
  return p + 1;
}

}  // namespace colonnade
