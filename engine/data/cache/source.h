// SPDX-License-Identifier: Apache-2.0
// Caches that are made and kept up to date without being asked for each time.
#ifndef COLONNADE_ENGINE_DATA_CACHE_SOURCE_H_
#define COLONNADE_ENGINE_DATA_CACHE_SOURCE_H_

#include <filesystem>

#include "colonnade/csv.h"

namespace colonnade {

// What ReadCsv() returns for the file, or the same from the cache beside it, FILE.colonnade, if
// that was made of the same bytes with the same options; else makes the cache anew, unless that
// file was made by WriteCache(). Tells what it did in Dataset::notes(). A cache that cannot be
// written is told there, too, and no error.
Dataset ReadThroughCache(const std::filesystem::path& file, const CsvOptions& options);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_CACHE_SOURCE_H_
