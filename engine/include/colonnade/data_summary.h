// SPDX-License-Identifier: Apache-2.0
// How a table was taken: what a reader found, guessed, filled in and left out.
#ifndef COLONNADE_DATA_SUMMARY_H_
#define COLONNADE_DATA_SUMMARY_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "colonnade/names.h"

namespace colonnade {

enum class ColumnRole { kLabel, kFeature, kCategorical, kIgnored, kWeight, kGroup, kTime };

inline constexpr NameRow<ColumnRole> kColumnRoles[] = {{ColumnRole::kLabel, "label"},
                                                       {ColumnRole::kFeature, "feature"},
                                                       {ColumnRole::kCategorical, "categorical"},
                                                       {ColumnRole::kIgnored, "ignored"},
                                                       {ColumnRole::kWeight, "weight"},
                                                       {ColumnRole::kGroup, "group"},
                                                       {ColumnRole::kTime, "time"}};
constexpr std::span<const NameRow<ColumnRole>> NamesOf(ColumnRole) { return kColumnRoles; }

// A column that is not simply a number in every row.
struct ColumnSummary {
  std::string name;  // of the header; without one "column N", N from 0
  ColumnRole role = ColumnRole::kFeature;
  bool date = false;
  size_t features = 1;   // that it became
  uint64_t missing = 0;  // values
  std::string note;      // what was stripped, or why it was left out; empty where nothing was
};

struct DataSummary {
  std::string source;            // the file; empty: the data did not come from one
  std::string format;            // "CSV", "IDX", "NPY", …
  size_t files = 1;              // that were read as one table
  uint64_t rows = 0;             // examples
  uint64_t dropped = 0;          // rows left out for missing values or labels
  uint64_t bad_rows = 0;         // rows left out for being bad
  std::vector<std::string> bad;  // the first of those, a message each
  uint64_t preamble = 0;         // lines in front of the table
  std::string delimiter;         // of text: "','", "tab", "spaces"; empty for other formats
  bool header = false;
  size_t columns = 0;   // of the table
  size_t features = 0;  // of the dataset
  std::string label;    // name of the label column, or "column N"; empty: none was read
  std::string task;     // "classify" or "regress"; empty without a label
  std::vector<std::pair<std::string, uint64_t>> classes;  // with their numbers of rows
  std::string missing;                 // what was done with missing values, by the name of Missing
  std::vector<std::string> numbers;    // the first columns that are numbers, by name
  size_t number_columns = 0;           // how many there are
  std::vector<ColumnSummary> special;  // the columns about which there is something to say
};

// A few lines for a person, at most a dozen; empty for data that did not come from a file.
[[nodiscard]] std::vector<std::string> Lines(const DataSummary& summary);

// The same as a JSON object.
[[nodiscard]] std::string ToJson(const DataSummary& summary);

}  // namespace colonnade

#endif  // COLONNADE_DATA_SUMMARY_H_
