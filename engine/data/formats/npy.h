// SPDX-License-Identifier: Apache-2.0
// NPY: one array of NumPy.
#ifndef COLONNADE_ENGINE_DATA_FORMATS_NPY_H_
#define COLONNADE_ENGINE_DATA_FORMATS_NPY_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace colonnade {

struct NpyArray {
  char kind = '\0';  // as in NumPy's types: b bool, i, u, f numbers, S bytes, U text
  size_t item_size = 0;
  bool swapped = false;  // the bytes of each number, as this machine has them
  bool fortran = false;  // the first index varies fastest
  std::vector<size_t> shape = {};
  std::string type = {};    // as the file has it
  std::string values = {};  // one item after the other

  bool is_integer() const { return kind == 'b' || kind == 'i' || kind == 'u'; }
  bool is_text() const { return kind == 'S' || kind == 'U'; }
  size_t items() const;
  // Of an array of at least one dimension: the items per index of the first.
  size_t width() const { return shape.empty() || shape[0] == 0 ? 0 : items() / shape[0]; }
  std::string ShapeText() const;  // "(150, 4)"

  // Of numbers; 64-bit integers are rounded.
  double Number(size_t item) const;
  // Numbers so that they read back as they are, nothing for NaN; text in UTF-8.
  void AppendText(size_t item, std::string& to) const;
};

// Fills its argument as far as the array's bytes reach.
using NpySource = std::function<size_t(std::span<char>)>;

// Reads an array and makes its order C's. name: for messages. Throws kBadData where it is damaged,
// or where the type is none of the above.
NpyArray ReadNpyArray(const NpySource& source, const std::string& name);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_FORMATS_NPY_H_
