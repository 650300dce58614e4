// SPDX-License-Identifier: Apache-2.0
#include "colonnade/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <numeric>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "colonnade/error.h"
#include "engine/data/csv/file_chain.h"
#include "engine/data/csv/finish.h"
#include "engine/data/csv/judge.h"
#include "engine/data/csv/lines.h"
#include "engine/data/csv/number.h"
#include "engine/data/csv/plan.h"
#include "engine/data/csv/reader.h"
#include "engine/data/csv/record.h"
#include "engine/data/csv/rows.h"
#include "engine/data/csv/sniff.h"
#include "engine/data/csv/text.h"
#include "engine/data/formats/formats.h"
#include "engine/data/formats/through_csv.h"

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
  Checker(const TablePlan& plan, size_t limit, CsvReport* report)
      : plan_(plan),
        limit_(limit),
        report_(*report),
        parser_(plan.dialect),
        texts_(plan),
        judge_(plan, texts_),
        tally_(plan),
        states_(plan.columns.size()),
        counting_(plan.columns.size(), true),
        starts_(plan.columns.size()),
        row_(plan.opening.line) {
    report_.columns.resize(plan.columns.size());
    for (size_t i = 0; i < plan.columns.size(); ++i) {
      report_.columns[i].name = plan.columns[i].name;
      report_.columns[i].role = plan.columns[i].role;
    }
  }

  uint64_t row() const { return row_; }

  // Takes whole lines; returns how many bytes it took. all: nothing follows them.
  size_t Add(std::string_view lines, bool all) {
    const char* p = lines.data();
    const char* const end = p + lines.size();
    while (p < end) {
      const RecordKind kind = parser_.Parse(p, end, all);
      record_ = p;
      if (kind == RecordKind::kOpen) break;
      if (kind == RecordKind::kComment) ++report_.comments;
      if (kind == RecordKind::kUnclosed) AddUnclosed();
      if (kind == RecordKind::kRow) AddRow();
      row_ += parser_.lines();
      p = parser_.next();
      ++(p - record_ > 1 && p[-2] == '\r' ? crlf_ : lf_);
    }
    return static_cast<size_t>(p - lines.data());
  }

  void Finish() {
    if (report_.line_ends.empty()) {
      report_.line_ends = crlf_ == 0 ? "LF" : lf_ == 0 ? "CRLF" : "mixed";
    }
    std::sort(rows_.begin(), rows_.end());
    const auto distinct = std::unique(rows_.begin(), rows_.end()) - rows_.begin();
    report_.duplicate_rows = rows_.size() - static_cast<uint64_t>(distinct);
    FinishColumns();
  }

  // What the reader says when all rows have been read: throws as it does.
  DataSummary Conclude() {
    for (const size_t column : plan_.inputs) {
      tally_.columns[column].index = plan_.columns[column].counts && counting_[column] &&
                                     tally_.rows > 0 && tally_.columns[column].missing == 0;
    }
    const Outcome outcome = Resolve(plan_, texts_, tally_);
    DataSummary summary = Summarize(plan_, tally_, outcome);
    for (const std::string& note : outcome.label.notes) report_.notes.push_back(note);
    summary.bad_rows = bad_rows_;
    summary.bad = bad_;
    report_.classes = summary.classes;
    for (size_t i = 0; i < plan_.inputs.size(); ++i) {
      ColumnRole& role = report_.columns[plan_.inputs[i]].role;
      switch (outcome.outputs[i].kind) {
        case Output::Kind::kNone:
          role = ColumnRole::kIgnored;
          break;
        case Output::Kind::kCategory:
          role = ColumnRole::kCategorical;
          break;
        case Output::Kind::kNumber:
        case Output::Kind::kMapped:
        case Output::Kind::kDate:
          role = ColumnRole::kFeature;
          break;
      }
    }
    return summary;
  }

  uint64_t bad_rows() const { return bad_rows_; }
  uint64_t rows() const { return tally_.rows; }

 private:
  void AddUnclosed() {
    ++report_.rows;
    ++bad_rows_;
    Fault fault;
    fault.line = parser_.lines() - 1;
    fault.column = std::min(parser_.count(), plan_.columns.size());
    fault.found = kOpenQuotes;
    fault.expected = kClosingQuote;
    AddBad(fault);
  }

  void AddRow() {
    ++report_.rows;
    for (const CsvField& field : parser_.fields()) report_.quotes |= field.quoted;
    faults_.clear();
    const Verdict verdict =
        judge_.Judge(parser_.fields(), parser_.count(), true, &values_, &faults_);
    if (parser_.count() >= plan_.columns.size()) {
      uint64_t hash = 0;
      for (size_t i = 0; i < plan_.columns.size(); ++i) hash = Mix(hash, AddField(i));
      rows_.push_back(hash);
    }
    for (const Fault& fault : faults_) AddBad(fault);
    if (verdict == Verdict::kBad) {
      ++bad_rows_;
    } else if (verdict == Verdict::kDropped) {
      ++tally_.dropped;
    } else {
      for (const size_t column : plan_.inputs) Count(column);
      tally_.Add(plan_, values_);
    }
  }

  // Whether a column counts the rows that are taken.
  void Count(size_t column) {
    if (!plan_.columns[column].counts) return;
    const auto value = static_cast<double>(values_.inputs[plan_.columns[column].input]);
    if (tally_.rows == 0) starts_[column] = value;
    const double expected = starts_[column] + static_cast<double>(tally_.rows);
    counting_[column] =
        counting_[column] && static_cast<float>(value) == static_cast<float>(expected);
  }

  // Returns the hash of its value.
  uint64_t AddField(size_t column) {
    const CsvField& field = parser_.fields()[column];
    const ColumnPlan& plan = plan_.columns[column];
    ColumnReport& report = report_.columns[column];
    ColumnState& state = states_[column];
    const bool missing = plan.reading == Reading::kText && !plan.open
                             ? plan_.missing_test.InText(field.text, field.quoted)
                             : plan_.missing_test.InNumbers(field.text);
    uint64_t hash = 0;
    if (missing) {
      ++report.missing;
      if (report.role != ColumnRole::kIgnored) ++report_.missing;
    } else {
      hash = AddValue(field, plan, &state);
    }
    state.hash = Mix(state.hash, hash);
    return hash;
  }

  static uint64_t AddValue(const CsvField& field, const ColumnPlan& plan, ColumnState* state) {
    double value = 0;
    uint64_t hash = 0;
    if (ParseNumber(field.text, plan.format, false, &value) == NumberError::kNone) {
      hash = std::hash<double>()(value) + 1;
      state->min = std::min(state->min, value);
      state->max = std::max(state->max, value);
      const ColumnType type = ToByte(static_cast<float>(value)) && value == std::trunc(value)
                                  ? ColumnType::kByte
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

  void AddBad(const Fault& fault) {
    ++report_.bad;
    if (bad_.size() < 10) {
      ErrorDetails details =
          fault.column < plan_.columns.size() ? plan_.Of(fault.column) : ErrorDetails();
      details.file = plan_.file;
      details.row = row_ + fault.line;
      details.found = fault.found;
      details.expected = fault.expected;
      bad_.push_back(Error(ErrorCode::kBadData, std::move(details)).what());
    }
    if (report_.bad_cells.size() >= limit_) return;
    BadCell cell;
    cell.row = row_ + fault.line;
    if (fault.column != kNoColumn) {
      cell.column = fault.column + 1;
      if (fault.column < plan_.columns.size()) cell.name = plan_.columns[fault.column].name;
    }
    cell.found = FoundIn(fault, row_);
    cell.expected = fault.expected;
    const char* const place = record_ + fault.offset;
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
    for (size_t i = 0; i < plan_.columns.size(); ++i) {
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

  const TablePlan& plan_;
  const size_t limit_;
  CsvReport& report_;
  RecordParser parser_;
  TableTexts texts_;
  RowJudge judge_;
  TableTally tally_;
  RowValues values_;
  std::vector<Fault> faults_;
  std::vector<ColumnState> states_;
  std::vector<bool> counting_;
  std::vector<double> starts_;
  std::vector<uint64_t> rows_;  // hashes
  const char* record_ = nullptr;
  std::vector<std::string> bad_;  // messages about the first faults
  uint64_t bad_rows_ = 0;
  uint64_t row_;
  uint64_t lf_ = 0;
  uint64_t crlf_ = 0;
};

// Why the reader would refuse the file for its rows.
std::optional<Error> Problem(const std::string& file, const CsvReport& report,
                             const CsvOptions& options, uint64_t bad_rows) {
  if (report.bad == 0 || options.bad_rows == BadRows::kSkipAny) return std::nullopt;
  if (options.bad_rows == BadRows::kSkip && 10 * bad_rows <= report.rows) return std::nullopt;
  const char* const plural = report.bad == 1 ? "" : "s";
  return Error(
      ErrorCode::kBadData,
      {.file = file, .found = fmt::format("{} bad cell{} or row{}", report.bad, plural, plural)});
}

void CheckText(InputFile& input, const CsvOptions& options, size_t limit, CsvReport* to) {
  CsvReport& report = *to;
  LineReader reader(input, kPiece);
  std::optional<TablePlan> plan;
  std::optional<Checker> checker;
  bool finished = false;
  try {
    Opening opening = Sniff(input, reader, options);
    report.byte_order_mark = opening.byte_order_mark;
    report.delimiter = opening.dialect.delimiter.empty() ? std::string(1, opening.dialect.separator)
                                                         : opening.dialect.delimiter;
    report.header = opening.header;
    uint64_t skip = opening.begin;
    if (opening.dialect.carriage_returns) report.line_ends = "CR";
    plan.emplace(MakePlan(input.name(), std::move(opening), options));
    report.notes = plan->notes;
    checker.emplace(*plan, limit, &report);
    size_t rest = 0;
    for (bool all = false; !all;) {
      std::string_view lines = reader.Next(checker->row(), rest);
      all = lines.empty();
      if (all) lines = reader.Last(rest);
      const auto skipped = std::min(static_cast<size_t>(skip), lines.size());
      lines.remove_prefix(skipped);
      skip -= skipped;
      rest = lines.size() - checker->Add(lines, all);
    }
    finished = true;
    checker->Finish();
    report.problem = Problem(input.name(), report, options, checker->bad_rows());
    if (!report.problem) report.summary = checker->Conclude();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kBadData) throw;
    report.problem = error;
    if (checker && !finished) checker->Finish();  // of what came before
  }
}

// Several files as one.
void CheckChain(const std::filesystem::path& path, std::vector<std::filesystem::path> files,
                const CsvOptions& options, size_t limit, CsvReport* report) {
  const std::unique_ptr<FileChain> chain = ChainOf(std::move(files), options);
  InputFile all(path.string(), [&](std::span<char> to) { return chain->Read(to); });
  CheckText(all, options, limit, report);
  for (BadCell& cell : report->bad_cells) {
    const FileChain::Place place = chain->PlaceOf(cell.row);
    cell.file = place.file;
    cell.row = place.row;
  }
  report->summary.files = chain->files();
}

// A format that has a text for each row.
void CheckAsText(const OpenedFile& file, const CsvOptions& options, size_t limit,
                 CsvReport* report) {
  TableText table = file.format->as_text(*file.input, options);
  InputFile text(table.file, SourceOf(std::move(table.make)));
  CheckText(text, table.options, limit, report);
  if (report->problem) report->problem = AboutFile(table, *report->problem);
  for (BadCell& cell : report->bad_cells) {
    cell.row -= std::min<uint64_t>(cell.row, table.added_lines + (table.has_lines ? 0 : 1));
    if (!table.has_lines) {
      cell.found = fmt::format("example {}: {}", cell.row, cell.found);
      cell.row = 0;
      cell.line.clear();
    }
  }
  report->summary.format = table.format;
  report->summary.delimiter.clear();
  report->summary.preamble = 0;
}

// A format that loads or does not.
void CheckBinary(const std::filesystem::path& path, const CsvOptions& options, CsvReport* report) {
  const Dataset data = ReadData(path, options);
  report->header = !data.schema().feature_names.empty();
  report->rows = data.examples();
  report->notes = data.notes();
  report->summary = data.summary();
  report->classes = report->summary.classes;
}

}  // namespace

CsvReport CheckCsv(const std::filesystem::path& file, const CsvOptions& options, size_t limit) {
  options.Check();
  CsvReport report;
  report.format.clear();
  std::vector<std::filesystem::path> files = FilesOf(file);
  try {
    const OpenedFile opened = OpenFile(files.front());
    report.format = opened.format->name;
    const bool is_csv = opened.format == &ReadFormats().back();
    if (files.size() > 1 && is_csv) {
      CheckChain(file, std::move(files), options, limit, &report);
    } else if (files.size() == 1 && is_csv) {
      opened.input->TakeAsText(options.encoding);
      CheckText(*opened.input, options, limit, &report);
    } else if (files.size() == 1 && opened.format->as_text != nullptr) {
      CheckAsText(opened, options, limit, &report);
    } else {
      CheckBinary(file, options, &report);
    }
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kBadData) throw;
    report.problem = error;
  }
  return report;
}

}  // namespace colonnade
