// SPDX-License-Identifier: Apache-2.0
// The rows of a CSV file on their way into a dataset.
#ifndef COLONNADE_ENGINE_DATA_CSV_TABLE_H_
#define COLONNADE_ENGINE_DATA_CSV_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "colonnade/dataset.h"
#include "engine/data/class_index.h"
#include "engine/data/csv_columns.h"
#include "engine/data/csv_dialect.h"
#include "engine/data/csv_record.h"
#include "engine/data/csv_text.h"
#include "engine/data/dataset_builder.h"

namespace colonnade {

// Plain rows of bytes take the fast way (csv_bytes.h). All others, and all that is wrong, go
// through one exact parser (csv_record.h), which alone finds words: what the fast way takes means
// the same to both.
class CsvTable {
 public:
  // Keeps references to `file`, its name, and `options`. max_rows: so many examples at most, as a
  // hint.
  CsvTable(const std::string& file, const CsvDialect& dialect, CsvColumns columns,
           const CsvOptions& options, size_t max_rows);

  // Adds whole lines, the first ones of the file or those after the ones taken before. Returns how
  // many bytes it took: not all where quotes that open in them are not closed.
  size_t Add(std::string_view lines);

  // Line number of what Add() takes next.
  uint64_t row() const { return row_; }

  // After the whole file; once only.
  std::unique_ptr<Dataset::Storage> Finish();

 private:
  const char* AddByteRow(const char* p);
  const char* ParseLabel(const char* p, char terminator, Label* label) const;
  const char* SkipPlainField(const char* p, char terminator) const;
  void AddRow();
  float NumberOf(const CsvField& field, size_t column) const;
  float CategoryOf(const CsvField& field, size_t input);
  Label LabelOf(const CsvField& field, size_t column);
  float WeightOf(const CsvField& field, size_t column) const;
  void NoteMissing(const CsvField& field, size_t column);
  bool LacksAny() const;
  bool Refuses() const;
  std::unique_ptr<Dataset::Storage> Expand();
  AlignedBuffer<float> Weights() const;
  std::vector<std::string> Notes() const;
  void CheckRoom() const;
  void CheckFieldCount() const;
  [[noreturn]] void ThrowOpenQuotes() const;
  [[noreturn]] void ThrowMissing(bool all) const;
  [[noreturn]] void ThrowBadField(const CsvField& field, size_t column, std::string_view expected,
                                  const char* advice = "") const;
  [[noreturn]] void Fail(uint64_t row, ErrorDetails details) const;
  ErrorDetails Of(size_t column) const;

  const std::string& file_;
  const CsvDialect dialect_;
  const CsvColumns columns_;
  const CsvOptions& options_;
  const LabelKind labels_;
  const bool plain_;  // the inputs are all columns but the label, see CsvColumns::Plain()
  const Missing missing_;
  RecordParser parser_;
  ClassIndex classes_;
  std::vector<std::unique_ptr<ClassIndex>> categories_;  // of each input; null for numbers
  DatasetBuilder builder_;                               // of rows of inputs; see csv_expand.h
  std::vector<float> values_;                            // of one row
  std::vector<float> weights_;                           // of all rows, if there are any
  uint64_t missing_values_ = 0;
  uint64_t first_missing_row_ = 0;
  ErrorDetails first_missing_;  // what was found there
  uint64_t dropped_rows_ = 0;
  uint64_t unknown_categories_ = 0;
  std::string first_unknown_;
  uint64_t row_ = 1;
  uint64_t empty_row_ = 0;  // line of the first empty one; 0: none yet
  bool header_pending_;     // the header is still to come
  bool open_ = false;       // Add() stopped in front of quotes that are not closed
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_CSV_TABLE_H_
