// SPDX-License-Identifier: Apache-2.0
#include "engine/train/plan.h"

#include <cstdint>

#include "engine/model/storage.h"
#include "kernels/tiles.h"

namespace colonnade {
namespace {

using Kind = Stage::Kind;
using Cut = Region::Cut;

// Columns of a tile of SparseExamples that go through the layers after the first at a time, so that
// what they pass on stays in the L1 cache.
constexpr size_t kPieceColumns = 40 * kernels::kTileColumns;

// What a thread computes, and what a parallel region costs, for the choice between columns and
// layers; rough, because near the point where they are equal the choice hardly matters.
constexpr double kFlopsPerSecond = 5e10;
constexpr double kRegionSeconds = 5e-6;

size_t Tasks(size_t total, size_t each) { return (total + each - 1) / each; }

// All that phase A computes, in order.
std::vector<Stage> StagesOf(const NetworkShape& shape) {
  const std::vector<Layer>& layers = shape.layers;
  std::vector<Stage> stages = {{Kind::kRead, 0, shape.inputs()}};
  for (size_t l = 0; l < layers.size(); ++l) {
    stages.push_back({Kind::kForward, l, layers[l].outputs});
    if (layers[l].batch_norm) stages.push_back({Kind::kNormalize, l, layers[l].outputs});
  }
  stages.push_back({Kind::kLoss, layers.size() - 1, shape.outputs()});
  for (size_t l = layers.size() - 1; l > 0; --l) {
    stages.push_back({Kind::kBackward, l, layers[l].inputs});
    if (layers[l - 1].batch_norm) {
      stages.push_back({Kind::kNormalizeBackward, l - 1, layers[l].inputs});
    }
  }
  return stages;
}

Cut CutOf(Kind kind, bool by_layers) {
  switch (kind) {
    case Kind::kRead:
    case Kind::kLoss:
      return Cut::kColumns;
    case Kind::kForward:
    case Kind::kBackward:
      return by_layers ? Cut::kBlocks : Cut::kColumns;
    case Kind::kNormalize:
    case Kind::kNormalizeBackward:
      return Cut::kRows;
  }
  __builtin_unreachable();
}

// Stages in as few regions as their cuts allow.
std::vector<Region> RegionsOf(const std::vector<Stage>& stages, bool by_layers) {
  std::vector<Region> regions;
  for (const Stage& stage : stages) {
    const Cut cut = CutOf(stage.kind, by_layers);
    const bool joins =
        !regions.empty() && cut == Cut::kColumns && regions.back().cut == Cut::kColumns;
    if (!joins) regions.push_back({.cut = cut, .stages = {}});
    regions.back().stages.push_back(stage);
  }
  return regions;
}

}  // namespace

Plan::Plan(const NetworkShape& shape, size_t threads, size_t tile)
    : threads_(threads),
      tile_(tile),
      flops_per_column_(4 * static_cast<double>(shape.parameters())),
      layers_(static_cast<double>(shape.layers.size())),
      by_columns_(RegionsOf(StagesOf(shape), false)),
      by_layers_(RegionsOf(StagesOf(shape), true)) {
  if (tile == 0) return;
  by_columns_.front().first_pieced = 2;  // what comes after kRead and the first kForward
  by_columns_.front().piece = kPieceColumns;
}

// Whole register tiles, and two tasks per thread, so that a thread that comes late costs half as
// much.
size_t Plan::ColumnsPerTask(size_t columns) const {
  if (tile_ != 0) return tile_;
  if (threads_ == 1) return columns;
  return kernels::RoundUp(Tasks(columns, 2 * threads_), kernels::kTileColumns);
}

// Whether columns alone are too few tasks for the threads.
bool Plan::ByLayersPays(size_t columns) const {
  const size_t tasks = Tasks(columns, ColumnsPerTask(columns));
  if (tile_ != 0 || tasks >= threads_) return false;
  const double flops = flops_per_column_ * static_cast<double>(columns);
  const double idle = 1 / static_cast<double>(tasks) - 1 / static_cast<double>(threads_);
  return flops / kFlopsPerSecond * idle > 2 * layers_ * kRegionSeconds;
}

void Plan::Make(size_t columns) {
  columns_ = columns;
  chosen_ = ByLayersPays(columns) ? &by_layers_ : &by_columns_;
  for (Region& region : *chosen_) {
    const size_t rows = region.stages.front().rows;
    region.columns = columns;
    region.columns_per_task = columns;
    switch (region.cut) {
      case Cut::kColumns:
        region.columns_per_task = ColumnsPerTask(columns);
        region.rows_per_task = kMaxWidth;  // all that any layer has
        break;
      case Cut::kRows:  // one task per thread where its rows of all columns stay in the cache
        region.rows_per_task = std::min(
            kernels::RoundUp(Tasks(rows, threads_), kernels::kPadFloats), kernels::kMaxTileRows);
        break;
      case Cut::kBlocks: {  // at least two tasks per thread where the result is large enough
        region.rows_per_task = kernels::kMaxTileRows;
        const size_t across = std::max<size_t>(1, 2 * threads_ / Tasks(rows, region.rows_per_task));
        region.columns_per_task = kernels::RoundUp(Tasks(columns, across), kernels::kTileColumns);
        break;
      }
    }
    region.tasks_down = Tasks(rows, region.rows_per_task);
    region.tasks = region.tasks_down * Tasks(columns, region.columns_per_task);
  }
}

}  // namespace colonnade
