// SPDX-License-Identifier: Apache-2.0
// From the values of a table to inputs of a network that tell more than a straight line can.
#ifndef COLONNADE_KERNELS_ENCODE_H_
#define COLONNADE_KERNELS_ENCODE_H_

#include <cstdint>

#include "kernels/matrix.h"

namespace colonnade::kernels {

// Features by their ranks among quantiles. Of feature r, knots u = knot[i] with i from first[r] to
// last[r] ascend, and each ends a stretch of ranks from 0 to 1. A rank is told by its distance from
// the nearer of both, with a sign where that is 1 (-0.0f is all of 1), because f32 has more digits
// there:
//
//   at u_i, and for all x below the first or above the last: at[i]
//   in between the lesser of below[i] + (x − u_i) · slope[i], which is from 0, and
//   above[i] + (u_{i+1} − x) · slope[i], which is from 1
//
// The input is the standard normal quantile of the rank, held within 1e-7 and 1 − 1e-7, with an
// error of at most 4e-7 of itself; of NaN, NaN.
//
// first, last: PaddedRows(features), aligned, zeros in the padding; first is -1 and last 0 for
// features that are no such.
struct Ranks {
  const int32_t* first = nullptr;  // null: there are none
  const int32_t* last = nullptr;
  int32_t reach = 0;  // a power of 2 such that no last − first is 2 · reach or more
  const float* knot = nullptr;
  const float* at = nullptr;
  const float* below = nullptr;
  const float* above = nullptr;
  const float* slope = nullptr;
};

// An input for each of `features` values, and one for each of `bins` pieces of their ranges:
//
//   z = (x − offset) · scale; where there is a limit (not 0), of t = z / limit, held within ±1e18,
//   limit · (t / √(1 + t²)): almost z near 0, and never beyond the limit
//
//   or what the ranks say of x
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
  Ranks ranks = {};
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
