// SPDX-License-Identifier: Apache-2.0
#include "engine/data/csv_dialect.h"

#include <cstdint>

#include "colonnade/csv.h"
#include "colonnade/error.h"
#include "engine/data/csv_record.h"
#include "engine/data/csv_text.h"

namespace colonnade {
namespace {

// As many rows as tell the separator.
constexpr size_t kRows = 20;

// What may separate fields, in the order of preference.
constexpr std::string_view kSeparators = "\t;|, ";

// How a separator would cut the first rows.
struct Cut {
  size_t fields = 0;  // of the first row
  size_t alike = 0;   // rows with as many
  size_t rows = 0;

  bool Separates() const { return fields > 1 && 2 * alike >= rows; }
};

Cut Try(std::string_view lines, char separator, char comment) {
  RecordParser parser(separator, comment);
  Cut cut;
  const char* p = lines.data();
  const char* const end = p + lines.size();
  for (; p < end && cut.rows < kRows; p = parser.next()) {
    const RecordKind kind = parser.Parse(p, end);
    if (kind == RecordKind::kOpen) break;
    if (kind != RecordKind::kRow) continue;
    if (cut.rows == 0) cut.fields = parser.count();
    if (parser.count() == cut.fields) ++cut.alike;
    ++cut.rows;
  }
  return cut;
}

}  // namespace

void CsvOptions::Check() const {
  const auto fail = [](const char* option, char found, const char* expected) {
    throw Error(ErrorCode::kInvalidArgument,
                {.subject = option, .found = Quoted({&found, 1}), .expected = expected});
  };
  if (delimiter && kSeparators.find(*delimiter) == kSeparators.npos) {
    fail("delimiter", *delimiter, "a comma, semicolon, tab, space or vertical bar");
  }
  // What may start a row of data.
  constexpr std::string_view kTaken = "+-.?\"'\t ";
  if (comment && (*comment <= ' ' || *comment > '~' || kTaken.find(*comment) != kTaken.npos ||
                  (*comment >= '0' && *comment <= '9') || comment == delimiter)) {
    fail("comment", *comment, "a character that no row of data starts with, such as #");
  }
}

void CheckIsText(const std::string& file, std::string_view start) {
  // With either byte order mark.
  if (start.starts_with("\xff\xfe") || start.starts_with("\xfe\xff")) {
    ThrowBadRow(file, 1, {.found = "text in UTF-16", .expected = "plain text in UTF-8"});
  }
}

std::optional<bool> EndsLinesWithCarriageReturns(std::string_view start, bool whole) {
  bool quoted = false;
  bool lone = false;
  for (size_t i = 0; i < start.size(); ++i) {
    if (start[i] == '"') quoted = !quoted;
    if (quoted) continue;
    if (start[i] == '\n') return false;
    // At the very end, a '\n' may be about to follow.
    if (start[i] == '\r' && i + 1 < start.size() && start[i + 1] != '\n') lone = true;
  }
  if (lone || !whole) return lone ? std::optional(true) : std::nullopt;
  return start.ends_with('\r') && start.find('\n') == std::string_view::npos;
}

char DetectSeparator(std::string_view lines, char comment) {
  char best = ',';
  Cut best_cut;
  for (const char separator : kSeparators) {
    if (separator == comment || (separator == ' ' && best_cut.rows > 0)) continue;
    const Cut cut = Try(lines, separator, comment);
    const bool better = best_cut.rows == 0 || cut.alike * best_cut.rows > best_cut.alike * cut.rows;
    if (!cut.Separates() || !better) continue;
    best = separator;
    best_cut = cut;
  }
  return best;
}

}  // namespace colonnade
