// SPDX-License-Identifier: Apache-2.0
// How the text of a CSV file is cut into rows and fields.
#ifndef COLONNADE_ENGINE_DATA_CSV_DIALECT_H_
#define COLONNADE_ENGINE_DATA_CSV_DIALECT_H_

#include <optional>
#include <string>
#include <string_view>

namespace colonnade {

struct CsvDialect {
  char separator = ',';           // ' ' stands for any run of spaces and tabs
  char comment = '\0';            // what the lines to be left out start with; '\0': nothing
  bool carriage_returns = false;  // lines end in a lone CR
};

// Whether a space or tab that is not the separator: what may stand around a field.
constexpr bool IsPadding(char c, char separator) {
  return (c == ' ' || c == '\t') && (c != separator || separator == ' ');
}

// Throws kBadData where the start of a file shows that it is something else: compressed, UTF-16.
void CheckIsText(const std::string& file, std::string_view start);

// Whether lines end in a lone CR, judging by the start of a file; nothing where it does not reach
// far enough to tell. whole: it is all of the file.
std::optional<bool> EndsLinesWithCarriageReturns(std::string_view start, bool whole);

// The separator of the rows in `lines`, which are whole lines that end in '\n': the one that cuts
// the largest part of them into as many fields as the first, two at least. Where several do, in the
// order tab, semicolon, vertical bar, comma, because the later ones occur within fields of the
// earlier ones; spaces only where none of them does. A comma where nothing separates.
char DetectSeparator(std::string_view lines, char comment);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_CSV_DIALECT_H_
