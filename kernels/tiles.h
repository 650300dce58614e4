// SPDX-License-Identifier: Apache-2.0
// How the matrix products cut their results into register tiles: what callers align their own
// blocks to, so that no tile is cut in two. The bits do not depend on it.
#ifndef COLONNADE_KERNELS_TILES_H_
#define COLONNADE_KERNELS_TILES_H_

#include <cstddef>

namespace colonnade::kernels {

// Columns of the register tile, on every target.
inline constexpr size_t kTileColumns = 6;

// Rows of the largest register tile of any target; on others it is a multiple of theirs.
inline constexpr size_t kMaxTileRows = 64;

}  // namespace colonnade::kernels

#endif  // COLONNADE_KERNELS_TILES_H_
