// SPDX-License-Identifier: Apache-2.0
// How the text of a CSV file is cut into rows and fields.
#ifndef COLONNADE_ENGINE_DATA_CSV_DIALECT_H_
#define COLONNADE_ENGINE_DATA_CSV_DIALECT_H_

#include <string>

namespace colonnade {

struct CsvDialect {
  char separator = ',';           // ' ' stands for any run of spaces and tabs
  std::string delimiter = {};     // several characters in whose place `separator` is read; or empty
  char comment = '\0';            // what the lines to be left out start with; '\0': nothing
  char quote = '"';               // what encloses fields; '\0': nothing
  char escape = '\0';             // in quotes, what makes the next character ordinary; likewise
  bool carriage_returns = false;  // lines end in a lone CR
};

// Stands for a delimiter of several characters: the unit separator of ASCII, which no text has.
inline constexpr char kUnitSeparator = '\x1f';

// Whether a space or tab that is not the separator: what may stand around a field.
constexpr bool IsPadding(char c, char separator) {
  return (c == ' ' || c == '\t') && (c != separator || separator == ' ');
}

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_CSV_DIALECT_H_
