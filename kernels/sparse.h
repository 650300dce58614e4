// SPDX-License-Identifier: Apache-2.0
// Products with a matrix of bytes that is mostly zero and that many products read: the examples of
// a training whose every step takes all of them.
//
// The bits of a result are those of kernels/gemm.h on the same values in f32, whatever the groups.
// All functions are thread-safe and never read an output that they do not accumulate into.
#ifndef COLONNADE_KERNELS_SPARSE_H_
#define COLONNADE_KERNELS_SPARSE_H_

#include <cstdint>

#include "kernels/gemm.h"
#include "kernels/matrix.h"

namespace colonnade::kernels {

// Columns that share a list of rows, and lie side by side in the lanes of vectors.
inline constexpr size_t kSparseLanes = 8;

// Stands for the column of a lane that has none.
inline constexpr uint32_t kNoColumn = UINT32_MAX;

// A matrix of bytes, eight columns at a time, which may be any eight. An entry is a row in which
// one of a group's columns is not zero, with the bytes of all eight. The fewer rows there are in
// which only some are zero, the less there is to compute.
struct SparseBytes {
  const uint16_t* rows;     // of each entry, ascending within a group; one more is readable
  const uint8_t* values;    // kSparseLanes of each entry; of one more readable
  const size_t* bounds;     // group g has the entries bounds[g] .. bounds[g + 1] - 1
  const uint32_t* columns;  // kSparseLanes of each group: which columns of the result these are, or
                            // kNoColumn, after which only kNoColumn follows
  size_t groups;
  float scale;  // what the bytes stand for: f32(byte) · scale

  // The `count` groups from `first` on.
  SparseBytes Groups(size_t first, size_t count) const {
    return {rows, values, bounds + first, columns + first * kSparseLanes, count, scale};
  }
};

// What the caller writes next: matrices with a column for each of the result's, or null data. Their
// cache lines are asked for in advance, which takes long where another core has read them.
struct WriteNext {
  Matrix matrices[2] = {};
};

// z = activation(w · a + bias), in those columns of z that `a` has.
//
// w: outputs × inputs, which the rows of `a` are below; bias: PaddedRows(outputs) floats, aligned,
// zeros in the padding; z: outputs × batch.
void ForwardSparse(ConstMatrix w, const SparseBytes& a, const float* bias, Activation activation,
                   Matrix z, const WriteNext& next = {}) noexcept;

// dw = dz · aᵀ, or dw += dz · aᵀ, in those columns of dw that the transpose of `a` has.
//
// dz: outputs × batch, which the rows of `transposed` are below; transposed: its columns are the
// inputs; dw: outputs × inputs.
void WeightGradientSparse(ConstMatrix dz, const SparseBytes& transposed, Output output,
                          Matrix dw) noexcept;

}  // namespace colonnade::kernels

#endif  // COLONNADE_KERNELS_SPARSE_H_
