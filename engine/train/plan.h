// SPDX-License-Identifier: Apache-2.0
// What the tasks of phase A of a training step do between its barriers.
#ifndef COLONNADE_ENGINE_TRAIN_PLAN_H_
#define COLONNADE_ENGINE_TRAIN_PLAN_H_

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "colonnade/network.h"
#include "engine/model/passes.h"

namespace colonnade {

// Something to compute of a chunk: the function of Passes of that name, or the loss.
struct Stage {
  enum class Kind { kRead, kForward, kNormalize, kLoss, kBackward, kNormalizeBackward };

  Kind kind;
  size_t layer;
  size_t rows;  // of the result
};

// Stages without a barrier in between: a task takes a block of the chunk through all of them.
struct Region {
  enum class Cut {
    kColumns,  // a task has some columns, and all rows of them
    kRows,     // some rows of all columns; a single stage
    kBlocks,   // some rows of some columns; a single stage
  };

  Cut cut;
  std::vector<Stage> stages;
  // The stages from this one on take `piece` columns of a task at a time, the others all at once.
  size_t first_pieced = SIZE_MAX;
  size_t piece = SIZE_MAX;

  // For the chunk at hand; Plan::For() fills them in.
  size_t columns = 0;           // of the chunk
  size_t columns_per_task = 0;  // but for the last columns
  size_t rows_per_task = 0;     // likewise
  size_t tasks_down = 0;        // that share the columns
  size_t tasks = 0;

  // Calls f(stage, block) for all that a task has to do, in order.
  template <class F>
  void ForEachStage(size_t task, const F& f) const {
    const size_t row = task % tasks_down * rows_per_task;
    const size_t begin = task / tasks_down * columns_per_task;
    const size_t end = std::min(begin + columns_per_task, columns);
    const auto run = [&](std::span<const Stage> some, size_t width) {
      for (size_t column = begin; column < end; column += width) {
        for (const Stage& stage : some) {
          f(stage, Block{column, std::min(width, end - column), row,
                         std::min(rows_per_task, stage.rows - row)});
        }
      }
    };
    const std::span<const Stage> all = stages;
    const size_t whole = std::min(first_pieced, all.size());
    run(all.first(whole), end - begin);
    run(all.subspan(whole), piece);
  }
};

// The regions of phase A. There are three ways, which give the same bits:
//
//   columns      one region: a thread takes its columns through all layers, forward and backward.
//   with norms   A layer with batch normalisation needs all columns of a chunk before any of them
//                can go on: there the region is cut by one over the rows of the layer.
//   by layers    Where there are fewer columns than keep all threads busy, each layer is a region
//                by itself, over blocks of rows and columns.
class Plan {
 public:
  // tile: columns of a tile of SparseExamples, which are then the tasks; 0: there are none.
  Plan(const NetworkShape& shape, size_t threads, size_t tile);

  // For a chunk of so many columns, at least one; valid until the next call. Allocates nothing.
  std::span<const Region> For(size_t columns) {
    if (columns != columns_) Make(columns);
    return *chosen_;
  }

 private:
  void Make(size_t columns);
  bool ByLayersPays(size_t columns) const;
  size_t ColumnsPerTask(size_t columns) const;

  size_t threads_;
  size_t tile_;
  double flops_per_column_;
  double layers_;
  std::vector<Region> by_columns_, by_layers_;
  size_t columns_ = 0;                     // that *chosen_ is for
  std::vector<Region>* chosen_ = nullptr;  // one of the two
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_TRAIN_PLAN_H_
