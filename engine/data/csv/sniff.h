// SPDX-License-Identifier: Apache-2.0
// What a sample of the rows of a CSV file tells about the text.
#ifndef COLONNADE_ENGINE_DATA_CSV_SNIFF_H_
#define COLONNADE_ENGINE_DATA_CSV_SNIFF_H_

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "colonnade/csv.h"
#include "engine/data/csv/dialect.h"
#include "engine/data/csv/lines.h"
#include "engine/data/csv/missing.h"

namespace colonnade {

struct SampleField {
  std::string_view text;
  bool quoted = false;
  bool damaged = false;
};

struct Opening {
  CsvDialect dialect;
  size_t count = 0;     // fields of every row
  bool header = false;  // the first row of the table names the columns
  std::vector<std::string>
      names;                // of all columns, empty where one has none; none without a header
  uint64_t first_line = 1;  // of the table
  uint64_t begin = 0;       // bytes of the text in front of the rows, the header among them
  uint64_t line = 1;        // of the text there
  uint64_t preamble = 0;    // lines in front of the table
  bool row_names = false;   // the header has no name for the first column
  bool trailing = false;    // rows end in a separator, behind which there is no column
  bool byte_order_mark = false;
  std::string header_text;  // the header as it stands, if there is one
  std::vector<std::string> notes;

  // Some rows that have `count` fields: the first of the file in order, then others. first_rows:
  // how many are the first.
  std::vector<std::vector<SampleField>> rows;
  size_t first_rows = 0;
  bool whole = false;  // they are all of the file

  // The names as they are meant: of the header, else "column N".
  std::string NameOf(size_t column) const;

  std::deque<std::string> texts;  // what the sample is of
};

// What label columns are named, in the order of preference.
inline constexpr std::array<std::string_view, 4> kLabelNames = {"label", "target", "class", "y"};

// Looks at the start of a file, and at its middle and end where it can be read anywhere, and has
// `reader` leave out a byte order mark and end lines where the file does. Throws kBadData where the
// file cannot be a table.
Opening Sniff(InputFile& input, LineReader& reader, const CsvOptions& options);

// A name as names are compared: without spaces around it, no-break spaces as spaces, letters with
// combining accents as the composed ones.
std::string Normalized(std::string_view name);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_CSV_SNIFF_H_
