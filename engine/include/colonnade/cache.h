// SPDX-License-Identifier: Apache-2.0
// Datasets as files that are mapped into memory instead of being read.
#ifndef COLONNADE_CACHE_H_
#define COLONNADE_CACHE_H_

#include <filesystem>

#include "colonnade/csv.h"
#include "colonnade/dataset.h"

namespace colonnade {

// Writes a dataset as a safetensors file, atomically: the file is whole or absent. Its tensors are
// `values` (U8 or F32, examples × stride; what is behind the features is padding of zeros),
// `labels` (U32, class indices) or `targets` (F32) where there are any, and where examples have
// them `weights` (F32), `exact_targets` (F64), `groups` (U32) and `times` (F64). threads: as in
// CsvOptions. Throws kIo.
void WriteCache(const Dataset& data, const std::filesystem::path& file, int threads = 0);

// Maps such a file. Its values are checked against its checksum, which takes as long as to read
// them once, and then stay in the page cache, so that the data may be larger than the memory.
//
// The columns are what they were when the file was made: options about columns and missing values
// may repeat that, but not ask for something else, and those about the text do not matter. With
// `like`, there must be a column for each of its names, in any order, and what took the place of
// missing values must be the same, if some were missing; features, categories, offsets and class
// labels become those of `like`, in memory where that takes values to be moved.
//
// As long as the dataset is there, nobody may write into the file or truncate it: values that are
// lost so end the process with SIGBUS. WriteCache() replaces it as a whole, which does no harm.
//
// Throws kIo where the file cannot be read, kBadData where it is damaged or something else or does
// not fit, kInvalidArgument where an option asks for other columns.
[[nodiscard]] Dataset ReadCache(const std::filesystem::path& file, const CsvOptions& options = {});

// Whether a regular file starts as such a file (or a model) does. Throws kIo.
[[nodiscard]] bool IsCache(const std::filesystem::path& file);

}  // namespace colonnade

#endif  // COLONNADE_CACHE_H_
