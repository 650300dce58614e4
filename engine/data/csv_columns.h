// What the columns of a CSV file are.
#ifndef COLONNADE_ENGINE_DATA_CSV_COLUMNS_H_
#define COLONNADE_ENGINE_DATA_CSV_COLUMNS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "colonnade/csv.h"
#include "engine/data/csv_opening.h"

namespace colonnade {

struct CsvColumns {
  size_t count = 0;                // fields of every row
  uint64_t row = 1;                // line of the first record
  bool header = false;             // the first record names them
  std::vector<std::string> names;  // of all columns; empty without a header
  std::optional<size_t> label;     // the label column, if there is one
  bool read_labels = true;         // false: skip whatever it holds
  Task task = Task::kAuto;         // what it holds, unless options.like knows

  size_t features() const { return count - (label ? 1 : 0); }
};

// Derives the columns from the first rows of a file, and checks them against options.like. Throws
// as ReadCsv() does.
CsvColumns ResolveColumns(const std::string& file, const CsvOpening& opening,
                          const CsvOptions& options);

// The schema of a table with these columns, as yet without classes.
Schema MakeSchema(const CsvColumns& columns);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_CSV_COLUMNS_H_
