// SPDX-License-Identifier: Apache-2.0
// Lists of nonzeros in place of gathering and of the first layer's products, for trainings whose
// every batch is the whole dataset. engine/README.md says where they are used.
#ifndef COLONNADE_ENGINE_TRAIN_NONZERO_LISTS_H_
#define COLONNADE_ENGINE_TRAIN_NONZERO_LISTS_H_

#include <cstddef>
#include <memory>

#include "colonnade/network.h"
#include "engine/data/scaling.h"
#include "engine/data/sparse_examples.h"
#include "engine/runtime/execution.h"

namespace colonnade {

// From this many full-batch steps on, making the lists pays: it takes as long as some of them.
inline constexpr size_t kNonzeroListSteps = 16;

// Null where data and network do not suit them, or memory does not. reader: of these data.
std::unique_ptr<SparseExamples> MakeNonzeroLists(const NetworkShape& shape, const Dataset& data,
                                                 const Scaling& scaling, const BatchReader& reader,
                                                 Execution& execution);

// Columns of the largest chunk with them.
size_t LargestChunk(const SparseExamples& lists, size_t threads);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_TRAIN_NONZERO_LISTS_H_
