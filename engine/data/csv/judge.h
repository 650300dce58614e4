// SPDX-License-Identifier: Apache-2.0
// The one judge of a row: what its fields are worth, and what is wrong with them.
#ifndef COLONNADE_ENGINE_DATA_CSV_JUDGE_H_
#define COLONNADE_ENGINE_DATA_CSV_JUDGE_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/data/csv/plan.h"
#include "engine/data/csv/record.h"
#include "engine/data/csv/text_index.h"

namespace colonnade {

// What is wrong with a row.
struct Fault {
  size_t line = 0;            // of the field in the record
  size_t offset = 0;          // likewise
  size_t column = kNoColumn;  // kNoColumn: the row as a whole
  size_t closing = 0;         // where quotes close at an odd place, the line of that; 0: in `line`
  std::string found, expected, advice;
};

// What a fault found, its record starting in that line of the file.
std::string FoundIn(const Fault& fault, uint64_t line);

// A row on its way into a dataset.
struct RowValues {
  std::vector<float> inputs;  // NaN: missing; of text its code, or kNoCategory
  std::vector<double> wide;   // of the inputs that are wide
  uint32_t code = 0;          // of the label
  float target = 0;           // or the number
  double exact_target = 0;
  float weight = 1;
  uint32_t group = 0;
  double time = 0;
  std::vector<uint32_t> missing;   // columns
  std::vector<std::string> texts;  // of the columns that are kept
  bool incomplete = false;         // a value is missing that nothing stands for
  bool unknown = false;            // a category is none of the known ones
};

// In a row, a category that is none of the known ones.
inline constexpr float kNoCategory = -1;

// The most categories, or labels, that are told apart.
inline constexpr size_t kMostTexts = size_t{1} << 22;

// The texts of all columns that are read as text, for all threads.
class TableTexts {
 public:
  explicit TableTexts(const TablePlan& plan);

  // Null for columns of something else.
  SharedTextIndex* Of(size_t column) const { return shared_[column].get(); }

  // With a schema to fit: the codes of what it knows.
  const TextIndex* Known(size_t column) const { return known_[column].get(); }

  // The class that has the same number, if only one has.
  std::optional<uint32_t> ClassOf(double number) const;

 private:
  std::vector<std::unique_ptr<SharedTextIndex>> shared_;
  std::vector<std::unique_ptr<TextIndex>> known_;
  std::map<double, uint32_t> numbers_;  // kNone: several classes have it
};

enum class Verdict { kTaken, kDropped, kBad };

// One for each thread.
class RowJudge {
 public:
  // Keeps references.
  RowJudge(const TablePlan& plan, TableTexts& texts);

  // Judges a row and fills `values`. faults: what is wrong, if the result is kBad: the first, or
  // all of it.
  Verdict Judge(std::span<const CsvField> fields, size_t count, bool all, RowValues* values,
                std::vector<Fault>* faults);

  // ---- The same field by field: Begin(), each column of the table once, and Verdict() ----

  void Begin(RowValues* values);
  // False where it is bad: the fault is in fault(). Begin() starts again.
  bool Take(size_t column, const CsvField& field, RowValues* values);
  Verdict End() const { return dropped_ ? Verdict::kDropped : Verdict::kTaken; }
  const Fault& fault() const { return fault_; }

  // Where a row has a wrong number of fields.
  Fault WrongCount(std::span<const CsvField> fields, size_t count) const;

  // The label of a byte, as Take() would take it; nothing where it is none of the known ones.
  std::optional<uint32_t> CodeOfLabel(std::string_view text);

 private:
  bool TakeFeature(size_t column, const CsvField& field, RowValues* values);
  bool TakeMissing(size_t column, const CsvField& field, RowValues* values);
  bool TakeNumber(size_t column, const CsvField& field, RowValues* values);
  bool TakeText(size_t column, const CsvField& field, RowValues* values);
  bool TakeDate(size_t column, const CsvField& field, RowValues* values);
  bool TakeLabel(size_t column, const CsvField& field, RowValues* values);
  bool TakeOther(size_t column, const CsvField& field, RowValues* values);
  bool Lacking(size_t column, const CsvField& field, const char* expected, const char* advice);
  bool Bad(size_t column, const CsvField& field, std::string expected, std::string advice = {});
  std::string ExpectedLabel(std::string_view text) const;

  const TablePlan& plan_;
  TableTexts& texts_;
  std::vector<std::unique_ptr<LocalTextIndex>> local_;
  std::vector<bool> kept_;
  bool dropped_ = false;
  Fault fault_;
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_CSV_JUDGE_H_
