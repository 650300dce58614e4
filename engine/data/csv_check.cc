// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "colonnade/cache.h"
#include "colonnade/check.h"
#include "colonnade/error.h"
#include "engine/data/class_index.h"
#include "engine/data/csv_columns.h"
#include "engine/data/csv_lines.h"
#include "engine/data/csv_number.h"
#include "engine/data/csv_opening.h"
#include "engine/data/csv_record.h"
#include "engine/data/csv_text.h"
#include "engine/data/dataset_builder.h"

namespace colonnade {
namespace {

// What is read at a time.
constexpr size_t kPiece = size_t{1} << 20;

// Any two of few different values get different results; order counts.
uint64_t Mix(uint64_t hash, uint64_t value) {
  hash = (hash ^ value) * 0x9e3779b97f4a7c15;
  return hash ^ hash >> 32;
}

// The part of a line around `offset`, and where that is in it.
void SetExcerpt(std::string_view line, size_t offset, BadCell* cell) {
  constexpr size_t kBefore = 40;
  constexpr size_t kMost = 76;
  const auto continues = [&](size_t i) {
    return i < line.size() && (static_cast<unsigned char>(line[i]) & 0xc0) == 0x80;
  };
  size_t begin = offset > kBefore ? offset - kBefore : 0;
  while (begin < offset && continues(begin)) ++begin;
  size_t end = std::min(begin + kMost, line.size());
  while (end > offset && continues(end)) --end;
  if (begin > 0) cell->line = "…";
  for (size_t i = begin; i < end;) {
    size_t length = 1;
    while (i + length < end && continues(i + length)) ++length;
    const std::string_view character = line.substr(i, length);
    const bool plain = IsName(character) && static_cast<unsigned char>(character[0]) >= ' ';
    cell->line += plain ? character : character == "\t" ? " " : "?";
    i += length;
  }
  if (end < line.size()) cell->line += "…";
  // Characters in front of the place, the dots among them.
  cell->caret = begin > 0 ? 1 : 0;
  for (size_t i = begin; i < offset; ++i) cell->caret += continues(i) && i > begin ? 0U : 1U;
}

// What is known of a column so far.
struct ColumnState {
  uint64_t values = 0;  // not missing
  uint64_t hash = 0;    // of all values in their order
  uint64_t first = 0;   // hash of the first value
  bool constant = true;
  double min = std::numeric_limits<double>::infinity();
  double max = -std::numeric_limits<double>::infinity();
  ColumnType type = ColumnType::kNothing;
};

class Checker {
 public:
  Checker(const CsvOpening& opening, CsvColumns columns, const CsvOptions& options, size_t limit,
          CsvReport* report)
      : columns_(std::move(columns)),
        options_(options),
        limit_(limit),
        report_(*report),
        parser_(opening.dialect.separator, opening.dialect.comment),
        classes_(nullptr, columns_.task),
        states_(columns_.count),
        header_pending_(columns_.header) {
    report_.columns.resize(columns_.count);
    for (size_t i = 0; i < columns_.count; ++i) {
      if (columns_.header) report_.columns[i].name = columns_.names[i];
    }
    for (const InputColumn& input : columns_.inputs) {
      if (input.categorical) report_.columns[input.column].role = ColumnRole::kCategorical;
    }
    for (const size_t i : columns_.ignored) report_.columns[i].role = ColumnRole::kIgnored;
    if (columns_.weight) report_.columns[*columns_.weight].role = ColumnRole::kWeight;
    if (columns_.label) report_.columns[*columns_.label].role = ColumnRole::kLabel;
  }

  uint64_t row() const { return row_; }

  // Takes whole lines; returns how many bytes it took.
  size_t Add(std::string_view lines) {
    const char* p = lines.data();
    const char* const end = p + lines.size();
    open_ = false;
    while (p < end) {
      const RecordKind kind = parser_.Parse(p, end);
      record_ = p;
      if (kind == RecordKind::kOpen) {
        open_ = true;
        open_line_ = std::string(std::string_view(p, end).substr(0, 200));
        break;
      }
      if (kind == RecordKind::kComment) ++report_.comments;
      if (kind == RecordKind::kBlank && empty_row_ == 0) empty_row_ = row_;
      if (kind == RecordKind::kRow) AddRow();
      row_ += parser_.lines();
      p = parser_.next();
      ++(p - record_ > 1 && p[-2] == '\r' ? crlf_ : lf_);
    }
    return static_cast<size_t>(p - lines.data());
  }

  void Finish() {
    if (open_) {
      record_ = open_line_.data();
      CsvField field;
      field.line = parser_.lines() - 1;
      AddBad(field, parser_.count(), kOpenQuotes, kClosingQuote);
    }
    if (report_.line_ends.empty())
      report_.line_ends = crlf_ == 0 ? "LF" : lf_ == 0 ? "CRLF" : "mixed";
    if (!classes_.numbers()) FinishClasses();
    std::sort(rows_.begin(), rows_.end());
    const auto distinct = std::unique(rows_.begin(), rows_.end()) - rows_.begin();
    report_.duplicate_rows = rows_.size() - static_cast<uint64_t>(distinct);
    FinishColumns();
  }

 private:
  void FinishClasses() {
    std::vector<uint32_t> places(counts_.size());
    std::iota(places.begin(), places.end(), 0U);
    const std::vector<std::string> names = classes_.Finish(places);
    report_.classes.resize(names.size());
    for (size_t i = 0; i < names.size(); ++i) {
      report_.classes[places[i]] = {names[places[i]], counts_[i]};
    }
  }

  void AddRow() {
    for (const CsvField& field : parser_.fields()) report_.quotes |= field.quoted;
    if (header_pending_) {
      header_pending_ = false;
      return;
    }
    ++report_.rows;
    if (empty_row_ != 0) {
      ++report_.bad;
      if (report_.bad_cells.size() < limit_) {
        report_.bad_cells.push_back({.row = empty_row_,
                                     .name = {},
                                     .found = kEmptyLine,
                                     .expected = fmt::format("{} fields", columns_.count),
                                     .line = {}});
      }
      empty_row_ = 0;
    }
    if (parser_.count() != columns_.count) {
      AddBad({}, SIZE_MAX,
             fmt::format("{} field{}", parser_.count(), parser_.count() == 1 ? "" : "s"),
             fmt::format("{} (as in the first row)", columns_.count));
      return;
    }
    uint64_t hash = 0;
    for (size_t i = 0; i < columns_.count; ++i) hash = Mix(hash, AddField(i));
    rows_.push_back(hash);
  }

  // Returns the hash of its value.
  uint64_t AddField(size_t column) {
    const CsvField& field = parser_.fields()[column];
    ColumnReport& report = report_.columns[column];
    ColumnState& state = states_[column];
    const bool text_column =
        report.role == ColumnRole::kLabel || report.role == ColumnRole::kCategorical;
    const bool missing = text_column && field.quoted ? field.text.empty() : IsMissing(field.text);
    uint64_t hash = 0;
    if (missing) {
      ++report.missing;
      if (report.role != ColumnRole::kIgnored) ++report_.missing;
    } else {
      hash = AddValue(field, &state);
    }
    state.hash = Mix(state.hash, hash);
    CheckField(field, column, missing);
    return hash;
  }

  static uint64_t AddValue(const CsvField& field, ColumnState* state) {
    float value = 0;
    uint64_t hash = 0;
    if (ParseNumber(field.text, &value) == NumberError::kNone) {
      const auto number = static_cast<double>(value);
      hash = std::hash<double>()(number) + 1;
      state->min = std::min(state->min, number);
      state->max = std::max(state->max, number);
      const ColumnType type = ToByte(value)                ? ColumnType::kByte
                              : std::trunc(value) == value ? ColumnType::kInteger
                                                           : ColumnType::kNumber;
      state->type = std::max(state->type, type);
    } else {
      hash = std::hash<std::string_view>()(field.text) + 1;
      state->type = ColumnType::kText;
    }
    if (state->values++ == 0) state->first = hash;
    state->constant &= hash == state->first;
    return hash;
  }

  void CheckField(const CsvField& field, size_t column, bool missing) {
    const ColumnRole role = report_.columns[column].role;
    const auto bad = [&](std::string_view expected) {
      AddBad(field, column, Quoted(field.text), std::string(expected));
    };
    if (role == ColumnRole::kIgnored) return;
    if (field.damaged) {
      bad(kNothingAfterQuote);
    } else if (missing) {
      const bool feature = role != ColumnRole::kLabel && role != ColumnRole::kWeight;
      if (options_.missing == Missing::kDrop || (feature && options_.missing != Missing::kError)) {
        return;
      }
      bad(feature ? "a value" : role == ColumnRole::kLabel ? "a class label" : "a weight");
    } else if (role == ColumnRole::kLabel && columns_.task == Task::kRegress) {
      float value = 0;
      if (ParseNumber(field.text, &value) != NumberError::kNone) bad("a number");
    } else if (role == ColumnRole::kLabel) {
      const std::optional<uint32_t> index =
          IsMissing(field.text) ? classes_.FindText(field.text) : classes_.Find(field.text);
      if (!index) return bad(classes_.Expected(field.text));
      if (*index >= counts_.size()) counts_.resize(*index + 1);
      ++counts_[*index];
    } else if (role == ColumnRole::kCategorical) {
      if (!IsName(field.text)) bad(kCategory);
    } else {
      float value = 0;
      const NumberError error = ParseNumber(field.text, &value);
      if (role == ColumnRole::kWeight && (error != NumberError::kNone || value < 0)) {
        bad(kWeight);
      } else if (error != NumberError::kNone) {
        bad(Expected(error));
      }
    }
  }

  // column: SIZE_MAX for the row as a whole.
  void AddBad(const CsvField& field, size_t column, std::string found, std::string expected) {
    ++report_.bad;
    if (report_.bad_cells.size() >= limit_) return;
    BadCell cell;
    cell.row = row_ + field.line;
    if (column != SIZE_MAX) {
      cell.column = column + 1;
      if (column < columns_.count && columns_.header) cell.name = columns_.names[column];
    }
    cell.found = std::move(found);
    cell.expected = std::move(expected);
    const char* const place = record_ + field.offset;
    const char* begin = place;
    while (begin > record_ && begin[-1] != '\n') --begin;
    const char* end = place;
    while (*end != '\n' && *end != '\0') ++end;
    if (end > begin && end[-1] == '\r') --end;
    SetExcerpt({begin, end}, static_cast<size_t>(place - begin), &cell);
    report_.bad_cells.push_back(std::move(cell));
  }

  void FinishColumns() {
    std::unordered_map<uint64_t, size_t> first;
    for (size_t i = 0; i < columns_.count; ++i) {
      ColumnReport& report = report_.columns[i];
      const ColumnState& state = states_[i];
      report.type = state.type;
      report.constant = state.constant && report_.rows > 1;
      if (state.min <= state.max) {
        report.min = state.min;
        report.max = state.max;
      }
      const auto [place, is_new] = first.try_emplace(state.hash, i);
      if (!is_new && !report.constant) report.duplicate_of = place->second;
    }
  }

  const CsvColumns columns_;
  const CsvOptions& options_;
  const size_t limit_;
  CsvReport& report_;
  RecordParser parser_;
  ClassIndex classes_;
  std::vector<uint64_t> counts_;  // rows of each class, in the order of appearance
  std::vector<ColumnState> states_;
  std::vector<uint64_t> rows_;  // hashes
  const char* record_ = nullptr;
  std::string open_line_;
  uint64_t row_ = 1;
  uint64_t empty_row_ = 0;
  uint64_t lf_ = 0;
  uint64_t crlf_ = 0;
  bool header_pending_;
  bool open_ = false;
};

std::optional<Error> Problem(const std::string& file, const CsvReport& report) {
  std::string found;
  if (report.bad > 0) {
    const char* const plural = report.bad == 1 ? "" : "s";
    found = fmt::format("{} bad cell{} or row{}", report.bad, plural, plural);
  } else if (report.rows == 0) {
    found = kNoExamples;
  }
  if (found.empty()) return std::nullopt;
  return Error(ErrorCode::kBadData, {.file = file, .found = found});
}

}  // namespace

CsvReport CheckCsv(const std::filesystem::path& file, const CsvOptions& options, size_t limit) {
  InputFile input(file);
  LineReader reader(input, kPiece);
  CsvReport report;
  if (input.seekable() && IsCache(file)) {
    report.problem.emplace(ErrorCode::kBadData, ErrorDetails{.file = input.name(),
                                                             .found = "a cached dataset or a model",
                                                             .expected = "text"});
    return report;
  }
  std::optional<Checker> checker;
  try {
    report.byte_order_mark = reader.Peek(3) == "\xef\xbb\xbf";
    const CsvOpening opening = ReadOpening(reader, input.name(), options);
    report.delimiter = opening.dialect.separator;
    report.header = opening.header;
    checker.emplace(opening, ResolveColumns(input.name(), opening, options), options, limit,
                    &report);
    if (opening.dialect.carriage_returns) report.line_ends = "CR";
    size_t rest = 0;
    for (;;) {
      const std::string_view lines = reader.Next(checker->row(), rest);
      if (lines.empty()) break;
      rest = lines.size() - checker->Add(lines);
    }
    checker->Finish();
    report.problem = Problem(input.name(), report);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kBadData) throw;
    report.problem = error;
    if (checker) checker->Finish();  // of what came before
  }
  return report;
}

}  // namespace colonnade
