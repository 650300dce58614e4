// SPDX-License-Identifier: Apache-2.0
// What the fields of a column are in a sample of rows.
#ifndef COLONNADE_ENGINE_DATA_CSV_COLUMN_SAMPLE_H_
#define COLONNADE_ENGINE_DATA_CSV_COLUMN_SAMPLE_H_

#include <cstddef>
#include <string_view>
#include <vector>

#include "engine/data/csv/missing.h"
#include "engine/data/csv/sniff.h"

namespace colonnade {

struct ColumnSample {
  std::vector<std::string_view> values;  // that are not missing
  size_t missing = 0;
  size_t numbers = 0;     // of the values, plainly written
  bool quoted = false;    // any of them
  bool fraction = false;  // a number is not an integer
  bool huge = false;      // an integer has 2^53 or more
  bool counts = false;    // they count the rows, from 0 or 1
  bool bytes = true;      // numbers are integers 0 to 255
  size_t decimals = 0;    // of a number, at most
  double low = 0;         // of the numbers
  double high = 0;

  // How many different values there are.
  size_t Different() const;

  size_t texts() const { return values.size() - numbers; }

  // Whether f32 may not tell the numbers apart while their differences from each other it would.
  bool NeedsDouble() const;
};

ColumnSample SampleOf(const Opening& opening, size_t column, const MissingTest& missing);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_CSV_COLUMN_SAMPLE_H_
