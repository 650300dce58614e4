// SPDX-License-Identifier: Apache-2.0
#ifndef COLONNADE_ENGINE_DATA_CSV_READER_H_
#define COLONNADE_ENGINE_DATA_CSV_READER_H_

#include <cstddef>
#include <filesystem>
#include <memory>
#include <vector>

#include "colonnade/csv.h"
#include "engine/data/csv/file_chain.h"
#include "engine/data/storage.h"
#include "engine/runtime/file.h"

namespace colonnade {

// ReadCsv() for those who have more to note.
std::unique_ptr<Dataset::Storage> ReadCsvStorage(const std::filesystem::path& file,
                                                 const CsvOptions& options);

// The same of anything that yields such text, in UTF-8 or as TakeAsText() was told.
std::unique_ptr<Dataset::Storage> ReadCsvStorage(InputFile& input, const CsvOptions& options);

// Several files as one, the first of which tells how all are written.
std::unique_ptr<FileChain> ChainOf(std::vector<std::filesystem::path> files,
                                   const CsvOptions& options);

// ReadCsv() as it reads what cannot be read in parallel, with a chosen number of bytes to read at a
// time; for tests, which put the ends of the pieces everywhere.
Dataset ReadCsvInPieces(const std::filesystem::path& file, const CsvOptions& options, size_t piece);

// ReadCsv() with a chosen number of bytes that a thread decodes at a time; likewise.
Dataset ReadCsvInChunks(const std::filesystem::path& file, const CsvOptions& options, size_t chunk);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_CSV_READER_H_
