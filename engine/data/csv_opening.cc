// SPDX-License-Identifier: Apache-2.0
#include "engine/data/csv_opening.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string_view>

#include "colonnade/error.h"
#include "engine/data/csv_number.h"
#include "engine/data/csv_text.h"

namespace colonnade {
namespace {

constexpr const char* kTable = "a table of numbers";  // in messages

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

// So much of the file is looked at, and more where that does not hold two rows.
constexpr size_t kStart = size_t{1} << 16;
constexpr size_t kMost = LineReader::kMaxLine + 1;

// Rows that are looked at for what the columns hold.
constexpr size_t kRows = 100;

// What the first rows hold, before it is known whether the first one names the columns.
struct FirstRows {
  std::vector<FieldKind> kinds;      // of the first row
  std::vector<bool> quoted;          // likewise
  std::vector<ColumnSample> others;  // of the other rows
  std::vector<bool> others_quoted;   // any of them
  bool recurs = false;               // a text of the first row comes again in its column
  size_t rows = 0;
};

void AddFirstRow(std::span<const CsvField> fields, CsvOpening* opening, FirstRows* rows) {
  for (const CsvField& field : fields) {
    opening->first.emplace_back(field.text);
    rows->kinds.push_back(KindOf(field.text));
    rows->quoted.push_back(field.quoted);
  }
  rows->others.resize(fields.size());
  rows->others_quoted.resize(fields.size());
}

void AddOtherRow(std::span<const CsvField> fields, const CsvOpening& opening, FirstRows* rows) {
  for (size_t i = 0; i < std::min(fields.size(), rows->others.size()); ++i) {
    const FieldKind kind = KindOf(fields[i].text);
    if (kind == FieldKind::kNumber) ++rows->others[i].numbers;
    if (kind == FieldKind::kText) ++rows->others[i].texts;
    if (fields[i].quoted) rows->others_quoted[i] = true;
    if (kind == FieldKind::kText && fields[i].text == opening.first[i]) rows->recurs = true;
  }
}

[[noreturn]] void ThrowOpen(const std::string& file, uint64_t row, const RecordParser& parser) {
  ThrowBadRow(file, row + parser.lines() - 1,
              {.column = parser.count() + 1, .found = kOpenQuotes, .expected = kClosingQuote});
}

// Reads the rows in `lines`. Nothing where they are too few to tell what the file is, and there are
// more.
std::optional<FirstRows> ReadRows(std::string_view lines, bool more, const std::string& file,
                                  CsvOpening* opening) {
  RecordParser parser(opening->dialect.separator, opening->dialect.comment);
  FirstRows rows;
  opening->row = 1;
  opening->first.clear();
  const char* p = lines.data();
  const char* const end = p + lines.size();
  for (; p < end && rows.rows <= kRows; p = parser.next()) {
    const RecordKind kind = parser.Parse(p, end);
    if (kind == RecordKind::kOpen) {
      if (!more && rows.rows == 0) ThrowOpen(file, opening->row, parser);
      break;
    }
    if (kind == RecordKind::kComment && rows.rows == 0) ++opening->row;
    if (kind == RecordKind::kBlank && rows.rows == 0) {
      ThrowBadRow(file, opening->row, {.found = "an empty line", .expected = kTable});
    }
    if (kind != RecordKind::kRow) continue;
    if (rows.rows++ == 0) {
      opening->count = parser.count();
      AddFirstRow(parser.fields(), opening, &rows);
    } else {
      AddOtherRow(parser.fields(), *opening, &rows);
    }
  }
  if (rows.rows < 2 && more) return std::nullopt;
  if (rows.rows == 0) {
    throw Error(ErrorCode::kBadData,
                {.file = file, .found = "nothing but comments", .expected = kTable});
  }
  return rows;
}

// Whether the first row has all the names that the columns of `like` have.
bool HasNames(const std::vector<std::string>& first, const Schema& like) {
  if (like.feature_names.empty()) return false;
  const std::set<std::string_view> found(first.begin(), first.end());
  size_t next = 0;
  for (size_t f = 0; f < like.features;) {
    const bool categorical = next < like.categorical.size() && like.categorical[next].first == f;
    if (!found.contains(categorical ? like.categorical[next].name : like.feature_names[f])) {
      return false;
    }
    f += categorical ? like.categorical[next++].categories.size() : 1;
  }
  return true;
}

// The first row is a header if a text in it stands above numbers. If its texts stand above texts,
// it is data if it has any number, too, or if one of them comes again; else a header. Fields that
// are missing or infinite speak for a row of data with a fault, as long as the others are numbers.
bool LooksLikeHeader(const CsvOpening& opening, const FirstRows& rows,
                     const std::optional<Schema>& like) {
  if (like && HasNames(opening.first, *like)) return true;
  bool any_text = false;
  bool any_number = false;
  for (size_t i = 0; i < rows.kinds.size(); ++i) {
    const bool above_numbers = rows.others[i].numbers > rows.others[i].texts;
    // As R writes it: names in quotes, numbers not.
    const bool name = rows.quoted[i] && !rows.others_quoted[i];
    if ((rows.kinds[i] == FieldKind::kText || name) && above_numbers) return true;
    any_text |= rows.kinds[i] == FieldKind::kText;
    any_number |= rows.kinds[i] == FieldKind::kNumber;
  }
  return any_text && (rows.rows == 1 || (!any_number && !rows.recurs));
}

// The line ends; then, with those, the rows.
FirstRows ReadStart(LineReader& reader, const std::string& file, const CsvOptions& options,
                    CsvOpening* opening) {
  std::string_view start = reader.Peek(kStart);
  CheckIsText(file, start);
  if (start.starts_with(kByteOrderMark)) reader.Skip(kByteOrderMark.size());
  size_t size = kStart;
  for (;; size = std::min(4 * size, kMost)) {
    start = reader.Peek(size);
    const bool all = start.size() < size;
    if (start.empty()) {
      throw Error(ErrorCode::kBadData,
                  {.file = file, .found = "an empty file", .expected = kTable});
    }
    const std::optional<bool> carriage_returns = EndsLinesWithCarriageReturns(start, all);
    if (!carriage_returns && size < kMost) continue;
    opening->dialect.carriage_returns = carriage_returns.value_or(false);
    break;
  }
  if (opening->dialect.carriage_returns) reader.TakeCarriageReturnsAsLineEnds();
  for (;; size = std::min(4 * size, kMost)) {
    const bool more = reader.Peek(size).size() == size;
    const std::string_view lines = reader.PeekLines(size);
    if (lines.empty() && size == kMost) reader.Next(1);  // throws: the line has no end
    const char comment = opening->dialect.comment;
    opening->dialect.separator = options.delimiter.value_or(DetectSeparator(lines, comment));
    const auto rows = ReadRows(lines, more && size < kMost, file, opening);
    if (rows) return *rows;
  }
}

}  // namespace

CsvOpening ReadOpening(LineReader& reader, const std::string& file, const CsvOptions& options) {
  options.Check();
  CsvOpening opening;
  opening.dialect.comment = options.comment.value_or('\0');
  const FirstRows rows = ReadStart(reader, file, options, &opening);
  opening.header = options.header == Header::kYes || (options.header == Header::kAuto &&
                                                      LooksLikeHeader(opening, rows, options.like));
  opening.samples = rows.others;
  for (size_t i = 0; !opening.header && i < opening.samples.size(); ++i) {
    if (rows.kinds[i] == FieldKind::kNumber) ++opening.samples[i].numbers;
    if (rows.kinds[i] == FieldKind::kText) ++opening.samples[i].texts;
  }
  return opening;
}

}  // namespace colonnade
