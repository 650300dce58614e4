// SPDX-License-Identifier: Apache-2.0
// What a file of data is, and what is wrong with it.
#ifndef COLONNADE_CHECK_H_
#define COLONNADE_CHECK_H_

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "colonnade/csv.h"
#include "colonnade/data_summary.h"
#include "colonnade/error.h"

namespace colonnade {

// What a column holds: the narrowest type for all of its values that are not missing.
enum class ColumnType { kNothing, kByte, kInteger, kNumber, kText };

inline constexpr NameRow<ColumnType> kColumnTypes[] = {{ColumnType::kNothing, "nothing"},
                                                       {ColumnType::kByte, "byte"},
                                                       {ColumnType::kInteger, "integer"},
                                                       {ColumnType::kNumber, "number"},
                                                       {ColumnType::kText, "text"}};
constexpr std::span<const NameRow<ColumnType>> NamesOf(ColumnType) { return kColumnTypes; }

struct ColumnReport {
  std::string name;  // empty without a header
  ColumnRole role = ColumnRole::kFeature;
  ColumnType type = ColumnType::kNothing;
  uint64_t missing = 0;
  double min = 0;                           // of its numbers; 0 if it has none
  double max = 0;                           // likewise
  bool constant = false;                    // all values are the same
  std::optional<size_t> duplicate_of = {};  // the first column with the same values, if not itself
};

// A place that ReadCsv() would refuse.
struct BadCell {
  std::string file;   // of several; else empty
  uint64_t row = 0;   // line of the file, from 1; 0: the file has no lines
  size_t column = 0;  // from 1; 0: the row as a whole
  std::string name;   // of the column; empty without a header
  std::string found;
  std::string expected;
  std::string line;  // the line, or the part of it around the place, in printable UTF-8
  size_t caret = 0;  // the place in `line`, in characters
};

struct CsvReport {
  std::string format = "CSV";  // as in "found …": "an ARFF file"; empty: none that is read

  // ---- The dialect ----
  std::string delimiter = ",";
  std::string line_ends;  // "LF", "CRLF", "CR" or "mixed"
  bool byte_order_mark = false;
  bool quotes = false;  // any field is in quotes
  bool header = false;
  uint64_t comments = 0;  // comment lines

  // ---- The contents ----
  uint64_t rows = 0;            // of data
  uint64_t duplicate_rows = 0;  // equal to an earlier one
  uint64_t missing = 0;         // missing values outside of ignored columns
  std::vector<ColumnReport> columns;
  std::vector<std::pair<std::string, uint64_t>> classes;  // name and number of rows, in their order

  DataSummary summary = {};        // how ReadData() takes it, if it does
  std::vector<std::string> notes;  // likewise, as Dataset::notes()

  // ---- What is wrong ----
  uint64_t bad = 0;                // bad cells and rows
  std::vector<BadCell> bad_cells;  // the first of them
  std::optional<Error> problem;    // why ReadCsv() would refuse the file; unset: it would not
};

// Goes through a file once, as ReadData() with the same options would read it (without `like`), but
// does not stop at what is wrong. Of formats without rows of text (IDX, NPY, NPZ, caches) it tells
// whether they load. limit: so many bad cells at most are returned. Memory, but for those: as much
// as the longest row and the columns need, and 8 bytes a row, by whose hashes equal rows are found.
//
// Throws kIo where the file cannot be read, kInvalidArgument where an option cannot be meant; bad
// data are in the report.
[[nodiscard]] CsvReport CheckCsv(const std::filesystem::path& file, const CsvOptions& options = {},
                                 size_t limit = 20);

}  // namespace colonnade

#endif  // COLONNADE_CHECK_H_
