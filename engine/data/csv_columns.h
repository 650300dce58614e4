// SPDX-License-Identifier: Apache-2.0
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
#include "engine/data/dataset_builder.h"

namespace colonnade {

// A column that becomes one feature, or one for each of its categories.
struct InputColumn {
  size_t column = 0;  // among the file's
  bool categorical = false;
};

struct CsvColumns {
  size_t count = 0;                 // fields of every row
  uint64_t row = 1;                 // line of the first record
  bool header = false;              // the first record names them
  std::vector<std::string> names;   // of all columns; empty without a header
  std::optional<size_t> label;      // the label column, if there is one
  bool read_labels = true;          // false: skip whatever it holds
  std::optional<size_t> weight;     // the column of weights, if they are to be read
  Task task = Task::kAuto;          // what the label column holds
  std::vector<InputColumn> inputs;  // in the order of their features
  std::vector<size_t> ignored;      // the others but the label, that of weights among them
  std::vector<bool> text;           // of each column: the first rows hold text rather than numbers
  Missing missing = Missing::kError;
  std::vector<std::string> notes;  // Dataset::notes(), as far as they are about columns

  // Values of a row that the builder gets: one per input.
  size_t features() const { return inputs.size(); }

  // What a row's label is on its way into the builder.
  LabelKind labels() const {
    if (!label || !read_labels) return LabelKind::kNone;
    return task == Task::kRegress ? LabelKind::kTargets : LabelKind::kCodes;
  }

  // Whether the inputs are numbers in the order of their columns, of which no means are wanted, and
  // no weights: what fast readers know how to place.
  bool Plain() const;
};

// Derives the columns from the first rows of a file, and checks them against options.like. Throws
// as ReadCsv() does.
CsvColumns ResolveColumns(const std::string& file, const CsvOpening& opening,
                          const CsvOptions& options);

// The schema of a table with these columns, as yet without classes and means. categories: of each
// input, empty for numbers; none at all if all are.
Schema MakeSchema(const CsvColumns& columns,
                  const std::vector<std::vector<std::string>>& categories = {});

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_CSV_COLUMNS_H_
