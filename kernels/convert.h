// SPDX-License-Identifier: Apache-2.0
// From examples as they are stored to the f32 columns of a batch.
#ifndef COLONNADE_KERNELS_CONVERT_H_
#define COLONNADE_KERNELS_CONVERT_H_

#include <cstdint>

#include "kernels/matrix.h"

namespace colonnade::kernels {

// Copies chosen columns of stored examples into a batch and scales them on the way:
//
//   to(i, c) = (from(i, indices[c]) − offset[i]) · scale[i]
//
// from: features × examples, any stride ≥ PaddedRows(features), any alignment of the stride,
// padding of any finite value; indices: to.cols entries below from.cols; offset, scale:
// PaddedRows(features) floats, aligned, zeros in the padding; to: features × batch; nonzeros: of
// `to`, NonzeroWords() of its rows × batch, overwritten, or a view with null data if nobody wants
// them. Thread-safe.
void Gather(View<const uint8_t> from, const uint32_t* indices, const float* offset,
            const float* scale, Matrix to, Nonzeros nonzeros) noexcept;
void Gather(ConstMatrix from, const uint32_t* indices, const float* offset, const float* scale,
            Matrix to, Nonzeros nonzeros) noexcept;

// The same for all columns of memory that knows no padding: from: features × batch, any address,
// any stride ≥ features; nothing beyond its elements is read. Thread-safe.
void Scale(ConstMatrix from, const float* offset, const float* scale, Matrix to,
           Nonzeros nonzeros) noexcept;

}  // namespace colonnade::kernels

#endif  // COLONNADE_KERNELS_CONVERT_H_
