// SPDX-License-Identifier: Apache-2.0
#include "engine/train/nonzero_lists.h"

#include <algorithm>

#include "engine/data/storage.h"
#include "engine/model/forward.h"
#include "engine/runtime/aligned.h"

namespace colonnade {
namespace {

// The largest chunk: what is computed of it takes some 5 MB with 10 units in each layer, and stays
// in the L3 cache. Fewer, larger chunks have fewer barriers to wait at.
constexpr size_t kMaxColumns = 20480;

// The most outputs of the first layer. kernels/README.md has the measurement.
constexpr size_t kMaxOutputs = 32;

// Several per thread, since threads are not equally fast, and so few examples in one that what
// phase A computes of them stays in a core's cache.
size_t TilesPerChunk(size_t threads) { return 4 * std::max<size_t>(threads, 2); }

size_t Chunks(size_t total, size_t each) { return (total + each - 1) / each; }

}  // namespace

std::unique_ptr<SparseExamples> MakeNonzeroLists(const NetworkShape& shape, const Dataset& data,
                                                 const Scaling& scaling, const BatchReader& reader,
                                                 Execution& execution) {
  const float scale = CommonScale(data, scaling);
  // The lists are about as large as the values, which need not fit into memory if they are mapped.
  if (static_cast<double>(data.storage().MappedBytes()) > PhysicalMemory() / 4) return nullptr;
  if (shape.batch_norm() || scale == 0 || data.features() > SparseExamples::kMaxRows ||
      shape.layers.front().outputs > kMaxOutputs || reader.Density() >= kSkipDensity) {
    return nullptr;
  }
  const size_t tiles = Chunks(data.examples(), kMaxColumns) * TilesPerChunk(execution.threads());
  const size_t tile = kernels::RoundUp(Chunks(data.examples(), tiles), kernels::kSparseLanes);
  return std::make_unique<SparseExamples>(data, scale, tile, execution);
}

size_t LargestChunk(const SparseExamples& lists, size_t threads) {
  return lists.tile() * TilesPerChunk(threads);
}

}  // namespace colonnade
