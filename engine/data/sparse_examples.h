// SPDX-License-Identifier: Apache-2.0
// The nonzeros of a whole dataset, for trainings that take all of it in every step.
#ifndef COLONNADE_ENGINE_DATA_SPARSE_EXAMPLES_H_
#define COLONNADE_ENGINE_DATA_SPARSE_EXAMPLES_H_

#include <cstdint>
#include <vector>

#include "colonnade/dataset.h"
#include "engine/runtime/aligned.h"
#include "engine/runtime/execution.h"
#include "kernels/sparse.h"

namespace colonnade {

// A dataset of bytes twice, in the two forms that kernels/sparse.h takes: by examples for the
// forward pass, by features for the weight gradient. Both are cut into tiles of examples that
// follow each other, the second also into blocks of features; within these, columns that are not
// zero in the same places are put into one group. Takes 10 bytes per entry, so at most 2.5 per
// value of the dataset (where nothing is zero); MNIST takes 0.8. Immutable: any number of threads
// may read it.
class SparseExamples {
 public:
  // Features in a block, but for the last.
  static constexpr size_t kBlockFeatures = 96;

  // The most features that there may be, and the most examples in a tile.
  static constexpr size_t kMaxRows = size_t{1} << 16;

  // data: bytes, to be scaled by `scale`; not kept. tile: a multiple of kSparseLanes.
  SparseExamples(const Dataset& data, float scale, size_t tile, Execution& execution);

  size_t tile() const { return tile_; }

  // The examples [t * tile(), …) as columns of a matrix, numbered from 0; its rows are the
  // features.
  kernels::SparseBytes Examples(size_t t) const { return Matrix(t, 0); }

  // The features [b * kBlockFeatures, …) as columns, numbered from 0; the rows are the examples of
  // tile t, numbered from 0.
  kernels::SparseBytes Features(size_t t, size_t b) const { return Matrix(t, 1 + b); }

  // How many entries block b of features has in all tiles.
  size_t Entries(size_t b) const;

 private:
  struct Builder;

  // The matrix of that number among those of tile t.
  kernels::SparseBytes Matrix(size_t t, size_t number) const {
    const size_t matrix = t * matrices_ + number;
    const size_t first = first_group_[matrix];
    return {rows_.data(),
            values_.data(),
            bounds_.data() + first,
            columns_.data() + first * kernels::kSparseLanes,
            first_group_[matrix + 1] - first,
            scale_};
  }

  size_t tile_;
  size_t matrices_;  // of a tile: its examples, and the blocks of features
  float scale_;
  std::vector<size_t> first_group_;  // of each matrix
  std::vector<size_t> bounds_;       // these four as in SparseBytes, of all matrices one by one
  std::vector<uint32_t> columns_;
  AlignedBuffer<uint16_t> rows_;
  AlignedBuffer<uint8_t> values_;
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_SPARSE_EXAMPLES_H_
