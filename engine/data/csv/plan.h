// SPDX-License-Identifier: Apache-2.0
// What the columns of a table are and what becomes of them.
#ifndef COLONNADE_ENGINE_DATA_CSV_PLAN_H_
#define COLONNADE_ENGINE_DATA_CSV_PLAN_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "colonnade/csv.h"
#include "colonnade/error.h"
#include "engine/data/csv/missing.h"
#include "engine/data/csv/sniff.h"

namespace colonnade {

// As what the fields of a column are read.
enum class Reading { kNumber, kText, kDate };

inline constexpr size_t kNoColumn = SIZE_MAX;

struct ColumnPlan {
  std::string name;  // empty where it has none
  ColumnRole role = ColumnRole::kFeature;
  Reading reading = Reading::kNumber;
  NumberFormat format = {};  // of numbers
  bool unit_needed = true;   // every number has the unit, if there is one
  bool plain = true;         // numbers are written plainly
  bool wide = false;         // numbers are kept in double, too; dates always are
  bool named = false;        // a category because the user says so
  bool open = false;         // text by default: the sample has no values
  bool counts = false;       // the sample counts its rows: perhaps it is an index
  DateOrder order = DateOrder::kYmd;
  double origin = 0;         // of dates: days since 1970-01-01
  size_t input = kNoColumn;  // of features: their place among the inputs of a row
  size_t known =
      kNoColumn;       // with a schema to fit: its place among the schema's columns of the kind
  size_t feature = 0;  // likewise: its first feature there
  std::string reason = {};  // why it is left out, where the user did not say so
};

struct TablePlan {
  std::string file;
  CsvDialect dialect;
  bool header = false;
  uint64_t line = 1;  // of the first record
  std::vector<ColumnPlan> columns;
  size_t fields = 0;            // of a row: more than columns where it ends in a separator
  std::vector<size_t> inputs;   // the columns that are features, in the order of these
  std::optional<size_t> label;  // the label column, if there is one
  bool read_labels = true;      // false: whatever it holds is no matter
  std::optional<size_t> weight, group, time;
  std::vector<size_t> kept;  // columns whose text is kept
  bool targets = false;      // labels are numbers to predict, known beforehand
  std::optional<Schema> like;
  MissingTest missing_test;
  Missing missing = Missing::kMean;
  bool missing_said = false;  // by the user, or by `like`
  bool predicting = false;    // every row is kept
  CsvOptions options;         // without `like`
  Opening opening;
  std::vector<std::string> notes;

  // The column for a message: its number, and its name if it has one.
  ErrorDetails Of(size_t column) const;
};

// Derives it from a sample and options. Throws as ReadCsv() does.
TablePlan MakePlan(const std::string& file, Opening opening, const CsvOptions& options);

// How numbers are written in a column whose fields are these texts, none of them missing; nothing
// where they are no numbers, plainly or otherwise. So many of them may be mistakes.
std::optional<NumberFormat> FindFormat(const std::vector<std::string_view>& texts,
                                       const CsvOptions& options, char separator,
                                       size_t mistakes = 0);

// Whether all of them are groups of three digits: "1.234", which may be 1234 or 1.234.
bool LooksGrouped(const std::vector<std::string_view>& texts, char thousands);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_CSV_PLAN_H_
