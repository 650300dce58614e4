// SPDX-License-Identifier: Apache-2.0
// From columns as a file has them to features: categories and missing values.
#ifndef COLONNADE_ENGINE_DATA_CSV_EXPAND_H_
#define COLONNADE_ENGINE_DATA_CSV_EXPAND_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/data/dataset_builder.h"

namespace colonnade {

// In a row of inputs, a categorical column is the index of its category, or this where that is none
// of the known ones. A missing value, of numbers or categories, is NaN.
inline constexpr float kNoCategory = -1;

// The features of a table of such rows. widths: of each input the number of its categories; 0 for
// numbers. places: of each input, the final index of each category; none at all where they are
// final already. Missing values become the `means` of their features; empty ones are first set to
// those of this table, as far as values are not missing (0 where all are). means: null where none
// is missing. The result has no labels.
DatasetBuilder ExpandInputs(const Dataset::Storage& inputs, const std::vector<size_t>& widths,
                            const std::vector<std::vector<uint32_t>>& places,
                            std::vector<float>* means);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_CSV_EXPAND_H_
