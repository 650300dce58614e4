// SPDX-License-Identifier: Apache-2.0
// Tables of the CSV kernels, the same for all targets.
#ifndef COLONNADE_KERNELS_CSV_TABLES_H_
#define COLONNADE_KERNELS_CSV_TABLES_H_

#include <array>
#include <cstddef>
#include <cstdint>

namespace colonnade::kernels {

// For each set of eight bytes, a mask of 8 bits, the places of its members in ascending order: the
// indices of a table lookup that moves them together.
alignas(16) inline constexpr std::array<uint8_t, 256 * 8> kCompressOrder = [] {
  std::array<uint8_t, 256 * 8> order = {};
  for (size_t mask = 0; mask < 256; ++mask) {
    size_t members = 0;
    for (size_t bit = 0; bit < 8; ++bit) {
      if ((mask >> bit & 1) != 0) order[8 * mask + members++] = static_cast<uint8_t>(bit);
    }
  }
  return order;
}();

// How many members each has.
inline constexpr std::array<uint8_t, 256> kCompressCount = [] {
  std::array<uint8_t, 256> count = {};
  for (size_t mask = 1; mask < 256; ++mask) {
    count[mask] = static_cast<uint8_t>(count[mask / 2] + mask % 2);
  }
  return count;
}();

// From byte n on: 16 bytes, of which the last n are all ones and the others zero.
inline constexpr std::array<uint8_t, 32> kLastLanes = [] {
  std::array<uint8_t, 32> lanes = {};
  for (size_t i = 16; i < 32; ++i) lanes[i] = 0xff;
  return lanes;
}();

// For a point in byte p of 16, from 16 p on: the indices of a table lookup that takes it out and
// moves what is before it up by one, a zero first. p = 16: leaves all as it is.
alignas(16) inline constexpr std::array<uint8_t, 17 * 16> kPointOrder = [] {
  std::array<uint8_t, 17 * 16> order = {};
  for (size_t point = 0; point <= 16; ++point) {
    for (size_t i = 0; i < 16; ++i) {
      const size_t from = point == 16 || i > point ? i : i - 1;
      order[16 * point + i] = static_cast<uint8_t>(from < 16 ? from : 0x80);
    }
  }
  return order;
}();

inline constexpr std::array<double, 16> kPowersOfTen = {
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

}  // namespace colonnade::kernels

#endif  // COLONNADE_KERNELS_CSV_TABLES_H_
