// SPDX-License-Identifier: Apache-2.0
// Dropout (Srivastava et al. 2014), "inverted": what is kept is scaled at once.
#ifndef COLONNADE_KERNELS_DROPOUT_H_
#define COLONNADE_KERNELS_DROPOUT_H_

#include <cstdint>

#include "kernels/matrix.h"

namespace colonnade::kernels {

// Which elements of a layer's outputs are dropped in a step: element (r, c) of the batch where the
// 32-bit number (r / 16) % 4 of Philox 4×32-10 is below `threshold`, its key being the seed and its
// counter {c, step, stream, layer · 2^18 + r / 64 · 16 + r % 16}. So it depends neither on the
// threads nor on the target.
struct DropoutMask {
  uint64_t seed = 0;
  uint32_t stream = 0;
  uint32_t layer = 0;  // < 2^14
  uint32_t step = 0;
  uint32_t threshold = 0;  // probability · 2^32
};

// to = from · scale where the mask keeps, else 0. Element (0, 0) is element (first_row,
// first_column) of the batch; first_row: a multiple of kPadFloats. from, to: rows × cols, at most
// 2^20 rows; they may be the same memory. Thread-safe.
void Dropout(const DropoutMask& mask, size_t first_row, size_t first_column, float scale,
             ConstMatrix from, Matrix to) noexcept;

}  // namespace colonnade::kernels

#endif  // COLONNADE_KERNELS_DROPOUT_H_
