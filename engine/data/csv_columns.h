// What the columns of a CSV file are.
#ifndef COLONNADE_ENGINE_DATA_CSV_COLUMNS_H_
#define COLONNADE_ENGINE_DATA_CSV_COLUMNS_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "colonnade/csv.h"

namespace colonnade {

struct CsvColumns {
  size_t count = 0;                // fields of every row
  bool header = false;             // the first line names them
  std::vector<std::string> names;  // of all columns; empty without a header
  std::optional<size_t> label;     // the label column, if there is one
  bool read_labels = true;         // false: skip whatever it holds

  size_t features() const { return count - (label ? 1 : 0); }
};

// Derives the columns from the first line of a file, and checks them against options.like. Throws
// as ReadCsv() does.
CsvColumns ResolveColumns(const std::string& file, std::string_view first_line,
                          const CsvOptions& options);

// The schema of a table with these columns, as yet without classes.
Schema MakeSchema(const CsvColumns& columns);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_CSV_COLUMNS_H_
