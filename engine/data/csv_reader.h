#ifndef COLONNADE_ENGINE_DATA_CSV_READER_H_
#define COLONNADE_ENGINE_DATA_CSV_READER_H_

#include <cstddef>
#include <filesystem>

#include "colonnade/csv.h"

namespace colonnade {

// ReadCsv() as it reads what is not plain or cannot be read in parallel, with a chosen number of
// bytes to read at a time; for tests, which put the ends of the pieces everywhere.
Dataset ReadCsvInPieces(const std::filesystem::path& file, const CsvOptions& options, size_t piece);

// ReadCsv() with a chosen number of bytes that a thread decodes at a time; likewise.
Dataset ReadCsvInChunks(const std::filesystem::path& file, const CsvOptions& options, size_t chunk);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_CSV_READER_H_
