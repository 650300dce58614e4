// SPDX-License-Identifier: Apache-2.0
// What the first lines of a CSV file tell about the rest.
#ifndef COLONNADE_ENGINE_DATA_CSV_OPENING_H_
#define COLONNADE_ENGINE_DATA_CSV_OPENING_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "colonnade/csv.h"
#include "engine/data/csv_dialect.h"
#include "engine/data/csv_lines.h"
#include "engine/data/csv_record.h"

namespace colonnade {

// What the fields of a column are in the first rows of data; missing values count as neither.
struct ColumnSample {
  size_t numbers = 0;
  size_t texts = 0;
};

struct CsvOpening {
  CsvDialect dialect;
  uint64_t row = 1;                   // line of the first record
  size_t count = 0;                   // of its fields
  std::vector<std::string> first;     // its fields, at most kMaxColumns
  bool header = false;                // it names the columns
  std::vector<ColumnSample> samples;  // one for each of `first`
};

// Reads the start of a file, and has `reader` leave out a byte order mark and end lines where the
// file does; its next lines are the first ones. Does not depend on the size of the pieces. Throws
// kBadData where the file cannot be a table, kInvalidArgument where an option about the dialect
// cannot be meant.
CsvOpening ReadOpening(LineReader& reader, const std::string& file, const CsvOptions& options);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_CSV_OPENING_H_
