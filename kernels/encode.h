// SPDX-License-Identifier: Apache-2.0
// From the values of a table to inputs of a network that tell more than a straight line can.
#ifndef COLONNADE_KERNELS_ENCODE_H_
#define COLONNADE_KERNELS_ENCODE_H_

#include <cstdint>

#include "kernels/matrix.h"

namespace colonnade::kernels {

// An input for each of `features` values, and one for each of `bins` pieces of their ranges:
//
//   z = (x − offset) · scale; where there is a limit (not 0), of t = z / limit, held within ±1e18,
//   limit · (t / √(1 + t²)): almost z near 0, and never beyond the limit
//
//   min(max((x − edge) · slope, low), high) − base, x being the value that `source` says: how much
//   of a piece lies below x, beyond what usually does (Gorishniy et al. 2022, "On embeddings for
//   numerical features in tabular deep learning", section 3.2)
//
// offset, scale, limit: PaddedRows(features) floats; the others PaddedRows(bins); all aligned,
// zeros in the padding.
struct Encoding {
  size_t features = 0;
  const float* offset = nullptr;
  const float* scale = nullptr;
  const float* limit = nullptr;
  size_t bins = 0;
  const int32_t* source = nullptr;
  const float* edge = nullptr;
  const float* slope = nullptr;
  const float* low = nullptr;
  const float* high = nullptr;
  const float* base = nullptr;
};

// Column c of `to` becomes the inputs of column indices[c] of `from`: those of the features, then
// those of the bins. No product is fused, quotients and roots are correctly rounded: the same bits
// on every target.
//
// from: features × examples, any address, any stride ≥ features, nothing beyond its elements is
// read; indices: to.cols entries below from.cols, or null for 0, 1, …; to: (features + bins) ×
// batch; nonzeros: as for Gather(). Thread-safe.
void Encode(View<const uint8_t> from, const uint32_t* indices, const Encoding& encoding, Matrix to,
            Nonzeros nonzeros) noexcept;
void Encode(ConstMatrix from, const uint32_t* indices, const Encoding& encoding, Matrix to,
            Nonzeros nonzeros) noexcept;

}  // namespace colonnade::kernels

#endif  // COLONNADE_KERNELS_ENCODE_H_
