// Tables of the CSV kernels, the same for all targets.
#ifndef COLONNADE_KERNELS_CSV_TABLES_H_
#define COLONNADE_KERNELS_CSV_TABLES_H_

#include <array>
#include <cstddef>
#include <cstdint>

namespace colonnade::kernels {

// For each set of eight bytes, a mask of 8 bits, the places of its members in ascending order: the
// indices of a table lookup that moves them together.
inline constexpr std::array<uint8_t, 256 * 8> kCompressOrder = [] {
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

}  // namespace colonnade::kernels

#endif  // COLONNADE_KERNELS_CSV_TABLES_H_
