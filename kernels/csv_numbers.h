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
