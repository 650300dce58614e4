// SPDX-License-Identifier: Apache-2.0
// Cached datasets and what their readers ask for.
#ifndef COLONNADE_ENGINE_DATA_CACHE_FIT_H_
#define COLONNADE_ENGINE_DATA_CACHE_FIT_H_

#include <string>

#include "colonnade/csv.h"
#include "engine/data/storage.h"

namespace colonnade {

// Makes of a dataset from a cache what ReadCsv() would have made of its source with these options,
// where no value has to change for that; see ReadCache(). Throws kBadData and kInvalidArgument.
void FitCache(const std::string& file, const CsvOptions& options, Dataset::Storage& storage);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_CACHE_FIT_H_
