// SPDX-License-Identifier: Apache-2.0
#include "engine/data/csv_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <optional>
#include <utility>

#include "colonnade/error.h"
#include "engine/data/csv_bytes.h"
#include "engine/data/csv_expand.h"
#include "engine/data/csv_number.h"
#include "engine/data/csv_text.h"

namespace colonnade {
namespace {

// In a column of text, "NA" in quotes is text.
bool IsMissingText(const CsvField& field) {
  return field.quoted ? field.text.empty() : IsMissing(field.text);
}

}  // namespace

CsvTable::CsvTable(const std::string& file, const CsvDialect& dialect, CsvColumns columns,
                   const CsvOptions& options, size_t max_rows)
    : file_(file),
      dialect_(dialect),
      columns_(std::move(columns)),
      options_(options),
      labels_(columns_.labels()),
      plain_(columns_.Plain() && columns_.ignored.empty()),
      missing_(columns_.missing),
      parser_(dialect.separator, dialect.comment),
      classes_(options.like ? &options.like->classes : nullptr, columns_.task),
      categories_(columns_.inputs.size()),
      builder_(columns_.features(), labels_, max_rows),
      values_(columns_.features()),
      header_pending_(columns_.header) {
  size_t known = 0;
  for (size_t i = 0; i < columns_.inputs.size(); ++i) {
    if (!columns_.inputs[i].categorical) continue;
    categories_[i] = std::make_unique<ClassIndex>(
        options.like ? &options.like->categorical[known++].categories : nullptr);
  }
}

size_t CsvTable::Add(std::string_view lines) {
  const char* p = lines.data();
  const char* const end = p + lines.size();
  open_ = false;
  while (p < end) {
    if (plain_ && empty_row_ == 0 && !header_pending_ && builder_.type() == ElementType::kU8) {
      if (const char* next = AddByteRow(p)) {
        p = next;
        ++row_;
        continue;
      }
    }
    const RecordKind kind = parser_.Parse(p, end);
    open_ = kind == RecordKind::kOpen;
    if (open_) break;
    if (kind == RecordKind::kBlank && empty_row_ == 0) empty_row_ = row_;
    if (kind == RecordKind::kRow) {
      if (header_pending_) {
        header_pending_ = false;
      } else {
        AddRow();
      }
    }
    row_ += parser_.lines();
    p = parser_.next();
  }
  return static_cast<size_t>(p - lines.data());
}

std::unique_ptr<Dataset::Storage> CsvTable::Finish() {
  if (open_) ThrowOpenQuotes();
  if (missing_values_ > 0 && Refuses()) ThrowMissing(true);
  if (builder_.examples() == 0) {
    throw Error(ErrorCode::kBadData,
                {.file = file_,
                 .found = dropped_rows_ > 0 ? "no examples without missing values" : kNoExamples});
  }
  std::vector<std::string> classes = builder_.FinishLabels(classes_);
  std::unique_ptr<Dataset::Storage> table = Expand();
  table->schema.classes = std::move(classes);
  table->weights = Weights();
  table->notes = Notes();
  return table;
}

// Makes features of inputs where they differ. The schema is as yet without classes.
std::unique_ptr<Dataset::Storage> CsvTable::Expand() {
  std::vector<std::vector<std::string>> categories(columns_.inputs.size());
  std::vector<std::vector<uint32_t>> places(columns_.inputs.size());
  std::vector<size_t> widths(columns_.inputs.size());
  size_t features = 0;
  bool any = false;
  for (size_t i = 0; i < categories.size(); ++i) {
    if (columns_.inputs[i].categorical) {
      any = true;
      places[i].resize(categories_[i]->size());
      std::iota(places[i].begin(), places[i].end(), 0U);
      categories[i] = categories_[i]->Finish(places[i]);
      widths[i] = categories[i].size();
      if (widths[i] == 0) {
        ErrorDetails details = Of(columns_.inputs[i].column);
        details.file = file_;
        details.found = "no value";
        details.expected = "categories";
        throw Error(ErrorCode::kBadData, std::move(details));
      }
    }
    features += std::max<size_t>(widths[i], 1);
  }
  if (features >= kMaxColumns) {
    throw Error(ErrorCode::kBadData,
                {.file = file_,
                 .found = fmt::format("{} features, with one for each category", features),
                 .expected = fmt::format("at most {}", kMaxColumns - 1)});
  }
  Schema schema = MakeSchema(columns_, categories);
  const bool mean = missing_ == Missing::kMean;
  if (mean && options_.like) schema.means = options_.like->means;
  if (!any && !mean) return builder_.Finish(std::move(schema));
  if (options_.like) places.clear();
  DatasetBuilder expanded =
      ExpandInputs(builder_.storage(), widths, places, mean ? &schema.means : nullptr);
  std::unique_ptr<Dataset::Storage> table = expanded.Finish(std::move(schema));
  const std::unique_ptr<Dataset::Storage> inputs = builder_.Finish({});
  table->labels = std::move(inputs->labels);
  table->targets = std::move(inputs->targets);
  return table;
}

AlignedBuffer<float> CsvTable::Weights() const {
  if (!columns_.weight) return {};
  if (std::ranges::all_of(weights_, [](float weight) { return weight == 0; })) {
    ErrorDetails details = Of(*columns_.weight);
    details.file = file_;
    details.found = "weights that are all 0";
    details.expected = "one above 0";
    throw Error(ErrorCode::kBadData, std::move(details));
  }
  AlignedBuffer<float> weights(weights_.size());
  std::copy(weights_.begin(), weights_.end(), weights.data());
  return weights;
}

// Whether missing values are an error. Predictions have a line for each row, so that none can be
// dropped.
bool CsvTable::Refuses() const {
  return missing_ == Missing::kError || (missing_ == Missing::kDrop && options_.labels_optional);
}

std::vector<std::string> CsvTable::Notes() const {
  std::vector<std::string> notes = columns_.notes;
  if (dropped_rows_ > 0) {
    notes.push_back(fmt::format("{}: left out {} row{} with missing values", file_, dropped_rows_,
                                dropped_rows_ == 1 ? "" : "s"));
  }
  if (unknown_categories_ > 0) {
    notes.push_back(fmt::format(
        "{}: found {} unknown categor{}, all of their features are 0; the first: {}", file_,
        unknown_categories_, unknown_categories_ == 1 ? "y" : "ies", first_unknown_));
  }
  return notes;
}

// The row at `p`, if it is a plain one of bytes; returns where the next row starts, or null.
const char* CsvTable::AddByteRow(const char* p) {
  CheckRoom();
  uint8_t* to = builder_.NextBytes();
  size_t features = columns_.features();
  Label label;
  if (columns_.label) {
    const size_t before = *columns_.label;
    p = ParseByteFields(p, before, dialect_.separator, to);
    if (p == nullptr) return nullptr;
    to += before;
    features -= before;
    p = ParseLabel(p, features > 0 ? dialect_.separator : '\n', &label);
    if (p == nullptr) return nullptr;
  }
  if (features > 0) {
    p = ParseByteFields(p, features - 1, dialect_.separator, to);
    if (p == nullptr) return nullptr;
    uint32_t last = 0;
    p = ParseSmallField(p, '\n', &last);
    if (p == nullptr || last > 255) return nullptr;
    to[features - 1] = static_cast<uint8_t>(last);
  }
  builder_.Append(label);
  return p;
}

const char* CsvTable::ParseLabel(const char* p, char terminator, Label* label) const {
  if (labels_ == LabelKind::kNone) return SkipPlainField(p, terminator);
  uint32_t value = 0;
  p = ParseSmallField(p, terminator, &value);
  if (p == nullptr) return nullptr;
  if (labels_ == LabelKind::kTargets) {
    label->target = static_cast<float>(value);
    return p;
  }
  label->code = classes_.FindSmall(value);
  return label->code != ClassIndex::kNone ? p : nullptr;
}

// A field that need not be read, if the exact parser would see the same one.
const char* CsvTable::SkipPlainField(const char* p, char terminator) const {
  const char* const begin = p;
  const auto plain = [&](char c) {
    return static_cast<unsigned char>(c) > ' ' && c != '"' && c != dialect_.separator &&
           c != dialect_.comment;
  };
  while (plain(*p)) ++p;
  return *p == terminator && p > begin ? p + 1 : nullptr;
}

// The row that parser_ has parsed.
void CsvTable::AddRow() {
  if (empty_row_ != 0) {
    Fail(empty_row_, {.found = kEmptyLine, .expected = fmt::format("{} fields", columns_.count)});
  }
  CheckRoom();
  CheckFieldCount();
  if (missing_ == Missing::kDrop && !Refuses() && LacksAny()) {
    ++dropped_rows_;
    return;
  }
  Label label;
  size_t input = 0;
  const auto read_label = [&] {
    label = LabelOf(parser_.fields()[*columns_.label], *columns_.label);
  };
  // In the order of the file, if the inputs are: what is wrong first comes first.
  bool label_pending = labels_ != LabelKind::kNone;
  for (; input < columns_.inputs.size(); ++input) {
    const auto [column, categorical] = columns_.inputs[input];
    if (label_pending && column > *columns_.label) {
      read_label();
      label_pending = false;
    }
    const CsvField& field = parser_.fields()[column];
    if (categorical ? IsMissingText(field) : IsMissing(field.text)) {
      NoteMissing(field, column);
      values_[input] = missing_ == Missing::kMean ? std::numeric_limits<float>::quiet_NaN()
                       : categorical              ? kNoCategory
                                                  : 0;
    } else {
      values_[input] = categorical ? CategoryOf(field, input) : NumberOf(field, column);
    }
  }
  if (label_pending) read_label();
  if (columns_.weight) {
    weights_.push_back(WeightOf(parser_.fields()[*columns_.weight], *columns_.weight));
  }
  builder_.Add(values_, label);
}

// Whether the row lacks its label, its weight or a value.
bool CsvTable::LacksAny() const {
  const auto fields = parser_.fields();
  if (labels_ != LabelKind::kNone && IsMissingText(fields[*columns_.label])) return true;
  if (columns_.weight && IsMissing(fields[*columns_.weight].text)) return true;
  return std::any_of(columns_.inputs.begin(), columns_.inputs.end(), [&](const InputColumn& input) {
    const CsvField& field = fields[input.column];
    return input.categorical ? IsMissingText(field) : IsMissing(field.text);
  });
}

float CsvTable::NumberOf(const CsvField& field, size_t column) const {
  float value = 0;
  const NumberError error = ParseNumber(field.text, &value);
  if (error == NumberError::kNone && !field.damaged) return value;
  const bool text = error == NumberError::kNotANumber && columns_.text[column] && !options_.like &&
                    !field.damaged;
  ThrowBadField(field, column, Expected(error),
                text ? "leave the column of text out (`ignore-columns`) or make each of its values "
                       "a feature (`categorical`)"
                     : "");
}

float CsvTable::CategoryOf(const CsvField& field, size_t input) {
  const size_t column = columns_.inputs[input].column;
  if (field.damaged || !IsName(field.text)) {
    ThrowBadField(field, column, kCategory);
  }
  ClassIndex& categories = *categories_[input];
  if (const auto index = categories.FindText(field.text)) return static_cast<float>(*index);
  if (!options_.like) {
    ThrowBadField(field, column, fmt::format("at most {} different categories", kMaxClasses));
  }
  if (unknown_categories_++ == 0) {
    const std::string name = Of(column).column_name;
    first_unknown_ = fmt::format("{} in row {}, column {}{}", Quoted(field.text), row_ + field.line,
                                 column + 1, name.empty() ? "" : " (" + name + ")");
  }
  return kNoCategory;
}

Label CsvTable::LabelOf(const CsvField& field, size_t column) {
  if (labels_ == LabelKind::kTargets) {
    Label label;
    const NumberError error = ParseNumber(field.text, &label.target);
    if (error == NumberError::kNone && !field.damaged) return label;
    ThrowBadField(field, column, "a number");
  }
  std::optional<uint32_t> label;
  if (!field.damaged && !IsMissingText(field)) {
    // In quotes, what would be missing is text.
    label = IsMissing(field.text) ? classes_.FindText(field.text) : classes_.Find(field.text);
  }
  if (!label) ThrowBadField(field, column, classes_.Expected(field.text));
  return {.code = *label};
}

float CsvTable::WeightOf(const CsvField& field, size_t column) const {
  float value = 0;
  if (ParseNumber(field.text, &value) != NumberError::kNone || value < 0 || field.damaged) {
    ThrowBadField(field, column, kWeight);
  }
  return value;
}

void CsvTable::NoteMissing(const CsvField& field, size_t column) {
  if (missing_values_++ > 0) return;
  first_missing_row_ = row_ + field.line;
  first_missing_ = Of(column);
  first_missing_.found = Quoted(field.text);
  first_missing_.expected = "a value";
}

void CsvTable::CheckRoom() const {
  if (builder_.full()) Fail(row_, {.found = fmt::format("more than {} examples", kMaxExamples)});
}

void CsvTable::CheckFieldCount() const {
  const size_t count = parser_.count();
  if (count == columns_.count) return;
  Fail(row_, {.found = fmt::format("{} field{}", count, count == 1 ? "" : "s"),
              .expected = fmt::format("{} (as in the first row)", columns_.count)});
}

void CsvTable::ThrowOpenQuotes() const {
  ErrorDetails details = Of(parser_.count());
  details.found = kOpenQuotes;
  details.expected = kClosingQuote;
  Fail(row_ + parser_.lines() - 1, std::move(details));
}

// all: the whole file has been read.
void CsvTable::ThrowMissing(bool all) const {
  const char* const advice = options_.like ? "the model was trained without any"
                                           : "`missing` mean, zero or drop says what to do with "
                                             "them";
  ErrorDetails details = first_missing_;
  details.advice =
      fmt::format("missing values: {}{} ({})", all ? "" : "at least ", missing_values_, advice);
  ThrowBadRow(file_, first_missing_row_, std::move(details));
}

void CsvTable::ThrowBadField(const CsvField& field, size_t column, std::string_view expected,
                             const char* advice) const {
  ErrorDetails details = Of(column);
  details.found = Quoted(field.text);
  details.expected = field.damaged ? kNothingAfterQuote : expected;
  details.advice = advice;
  Fail(row_ + field.line, std::move(details));
}

// What is wrong first comes first.
void CsvTable::Fail(uint64_t row, ErrorDetails details) const {
  if (missing_values_ > 0 && Refuses()) ThrowMissing(false);
  ThrowBadRow(file_, row, std::move(details));
}

// The column, and its name if it has one.
ErrorDetails CsvTable::Of(size_t column) const {
  const bool named = column < columns_.names.size();
  return {.column = column + 1, .column_name = named ? Quoted(columns_.names[column]) : ""};
}

}  // namespace colonnade
