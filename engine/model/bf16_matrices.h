// SPDX-License-Identifier: Apache-2.0
// Matrices of bf16 and their memory.
#ifndef COLONNADE_ENGINE_MODEL_BF16_MATRICES_H_
#define COLONNADE_ENGINE_MODEL_BF16_MATRICES_H_

#include "engine/runtime/aligned.h"
#include "kernels/bf16.h"

namespace colonnade {

// A matrix in both layouts of bf16, zero at first.
class OwnedBf16 {
 public:
  OwnedBf16(size_t rows, size_t cols)
      : rows_(rows),
        cols_(cols),
        columns_(AlignedBuffer<uint16_t>::Zeroed(ColumnStride(rows, sizeof(uint16_t)) * cols)),
        pairs_(AlignedBuffer<uint32_t>::Zeroed(ColumnStride(rows, sizeof(uint32_t)) *
                                               kernels::PairsOf(cols))) {}

  // Columns [first, first + count), `first` even.
  kernels::Bf16Result Columns(size_t first, size_t count) {
    return {
        kernels::Bf16Columns{columns_.data(), rows_, cols_, ColumnStride(rows_, sizeof(uint16_t))}
            .Columns(first, count),
        kernels::Bf16Pairs{pairs_.data(), rows_, kernels::PairsOf(cols_),
                           ColumnStride(rows_, sizeof(uint32_t))}
            .Columns(first / 2, kernels::PairsOf(count))};
  }

 private:
  size_t rows_;
  size_t cols_;
  AlignedBuffer<uint16_t> columns_;
  AlignedBuffer<uint32_t> pairs_;
};

// Weights as pairs of columns.
class OwnedPairs {
 public:
  OwnedPairs(size_t rows, size_t cols)
      : rows_(rows),
        pairs_(kernels::PairsOf(cols)),
        buffer_(AlignedBuffer<uint32_t>::Zeroed(ColumnStride(rows, sizeof(uint32_t)) * pairs_)) {}

  kernels::Bf16Pairs view() {
    return {buffer_.data(), rows_, pairs_, ColumnStride(rows_, sizeof(uint32_t))};
  }

 private:
  size_t rows_;
  size_t pairs_;
  AlignedBuffer<uint32_t> buffer_;
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_MODEL_BF16_MATRICES_H_
