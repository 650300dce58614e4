// SPDX-License-Identifier: Apache-2.0
// The memory that kernels work on.
#ifndef COLONNADE_KERNELS_MATRIX_H_
#define COLONNADE_KERNELS_MATRIX_H_

#include <cstddef>
#include <cstdint>

namespace colonnade::kernels {

// Floats in one cache line, and in the widest vector of any target. Leading dimensions are
// multiples of it, so that every column starts a cache line and no target needs a row remainder.
inline constexpr size_t kPadFloats = 16;

// Bytes to which the first element of every matrix is aligned.
inline constexpr size_t kAlignment = 64;

constexpr size_t RoundUp(size_t value, size_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

// Rows that kernels read and write: the rows of the matrix and its padding.
constexpr size_t PaddedRows(size_t rows) { return RoundUp(rows, kPadFloats); }

// A column-major matrix that somebody else owns: element (r, c) is data[r + c * stride].
//
// The contract of every kernel that takes one, unless it says otherwise: `data` is aligned to
// kAlignment; `stride` is a multiple of kPadFloats and at least PaddedRows(rows); the rows from
// `rows` up to PaddedRows(rows) hold zeros in every input, and zeros are written to them in every
// output (as long as all values are finite: 0 · NaN is NaN). Rows beyond that are neither read nor
// written. Views passed to one call do not overlap.
template <class T>
struct View {
  T* data = nullptr;
  size_t rows = 0;
  size_t cols = 0;
  size_t stride = 0;

  T* Column(size_t c) const { return data + c * stride; }

  // The `count` columns from `first` on.
  View Columns(size_t first, size_t count) const { return {Column(first), rows, count, stride}; }

  // The `count` rows from `first` on. Where `first` is not a multiple of kPadFloats, or `count` is
  // not and rows follow, the result is a view without alignment or without padding.
  View Rows(size_t first, size_t count) const { return {data + first, count, cols, stride}; }

  // A view of the same memory that cannot write to it.
  operator View<const T>() const { return {data, rows, cols, stride}; }
};

using Matrix = View<float>;
using ConstMatrix = View<const float>;

// Which elements of a matrix are not zero: bit r % 64 of word r / 64 of column c tells of element
// (r, c). `rows` counts words, NonzeroWords() of the matrix's rows; those beyond the matrix hold
// zeros. Any stride ≥ rows, no alignment.
using Nonzeros = View<uint64_t>;
using ConstNonzeros = View<const uint64_t>;

// Words per column, one of them spare: kernels load 64 bits from any byte that has bits of the
// matrix.
constexpr size_t NonzeroWords(size_t matrix_rows) { return RoundUp(matrix_rows, 64) / 64 + 1; }

}  // namespace colonnade::kernels

#endif  // COLONNADE_KERNELS_MATRIX_H_
