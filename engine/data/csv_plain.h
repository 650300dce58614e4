// SPDX-License-Identifier: Apache-2.0
// The fast and parallel way through a CSV file whose rows hold nothing but plain numbers.
#ifndef COLONNADE_ENGINE_DATA_CSV_PLAIN_H_
#define COLONNADE_ENGINE_DATA_CSV_PLAIN_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "colonnade/csv.h"
#include "engine/data/csv_columns.h"
#include "engine/runtime/file.h"

namespace colonnade {

// Rows of a regular file: each of columns.count fields between separators, each field a number, but
// for the label's and ignored ones, without quotes; lines that end in LF or CRLF; empty ones only
// at the end.
struct PlainRows {
  uint64_t begin = 0;  // where the first of them starts in the file
  char separator = ',';
  const CsvColumns* columns = nullptr;
  const Schema* like = nullptr;                               // see CsvOptions; or null
  std::function<void(const LoadProgress&)> on_progress = {};  // see CsvOptions
};

// Reads such rows on `threads` threads (as CsvOptions has it), `chunk` ≥ 1 bytes of the file at a
// time each. Null where the rows are not such ones, or where anything at all is wrong with them:
// then an exact parser reads the file and finds the words, always the same ones. Throws kIo where
// the file cannot be read or changes.
//
// Memory above the dataset: some MiB a thread. The text of a chunk stays in the thread's
// second-level cache between being read and being decoded. A chunk's rows can be placed once it is
// known how many precede it; chunks are taken in order, and each passes on the count of its rows
// before it decodes them.
std::unique_ptr<Dataset::Storage> ReadPlainRows(const InputFile& file, const PlainRows& rows,
                                                int threads, size_t chunk);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_CSV_PLAIN_H_
