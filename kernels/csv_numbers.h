// SPDX-License-Identifier: Apache-2.0
// Fields of a CSV file and the decimal numbers in them, as most files have them.
#ifndef COLONNADE_KERNELS_CSV_NUMBERS_H_
#define COLONNADE_KERNELS_CSV_NUMBERS_H_

#include <cstddef>
#include <cstdint>

namespace colonnade::kernels {

// How many elements FindFieldEnds() may write for so much text.
constexpr size_t FieldEndsCapacity(size_t size) { return size + 64; }

// Writes the places of all separators and '\n' in text[0 .. size), ascending, to `ends`, which has
// FieldEndsCapacity(size) elements, and returns their number; what lies behind them is undefined.
// size < 2^32. Thread-safe.
size_t FindFieldEnds(const char* text, size_t size, char separator, uint32_t* ends) noexcept;

// Quotes and line ends of a text that begins outside of quotes.
struct LineScan {
  size_t lines = 0;   // '\n'
  size_t inside = 0;  // of these, within quotes
  bool quotes = false;
  // Every quote opens at the start of a field, closes at its end, or is one of two in quotes that
  // stand for one; and the text does not end within quotes.
  bool regular = true;
};

// separator: neither a quote nor '\n'. Thread-safe.
LineScan ScanLines(const char* text, size_t size, char separator, char quote) noexcept;

// FindFieldEnds() of a text whose quotes are regular: without what is within them.
size_t FindUnquotedEnds(const char* text, size_t size, char separator, char quote,
                        uint32_t* ends) noexcept;

// Bytes before the text that DecodeNumbers() may read.
inline constexpr size_t kNumberSlack = 16;

// Decodes the fields text[begin .. ends[0]), text[ends[0] + 1 .. ends[1]) and so on to to[0 ..
// count), each rounded once, to the nearest f32. Returns how many it decoded before the first one
// that is not [+-] digits [. digits] with at most 16 digits and a point, at least one of them a
// digit, or that another way must round: the next element of `to` may have been written then.
// Thread-safe.
size_t DecodeNumbers(const char* text, size_t begin, const uint32_t* ends, size_t count,
                     float* to) noexcept;

}  // namespace colonnade::kernels

#endif  // COLONNADE_KERNELS_CSV_NUMBERS_H_
