// SPDX-License-Identifier: Apache-2.0
#include "engine/data/csv/records.h"

#include <memory>
#include <utility>

#include "engine/data/csv/judge.h"
#include "engine/data/csv/sniff.h"
#include "engine/data/csv/text.h"
#include "engine/runtime/file.h"

namespace colonnade {

Records ReadRecords(const std::filesystem::path& file, const CsvOptions& options) {
  InputFile input(file);
  input.TakeAsText(options.encoding);
  LineReader reader(input, size_t{1} << 16);
  const Opening opening = Sniff(input, reader, options);
  Records records;
  records.names = opening.names;
  RecordParser parser(opening.dialect);
  uint64_t line = opening.line;
  uint64_t skip = opening.begin;
  size_t rest = 0;
  for (bool all = false; !all;) {
    std::string_view text = reader.Next(line, rest);
    all = text.empty();
    if (all) text = reader.Last(rest);
    text.remove_prefix(static_cast<size_t>(skip));
    skip = 0;
    const char* p = text.data();
    const char* const end = p + text.size();
    while (p < end) {
      const RecordKind kind = parser.Parse(p, end, all);
      if (kind == RecordKind::kOpen) break;
      if (kind == RecordKind::kUnclosed) {
        ThrowBadRow(
            input.name(), line + parser.lines() - 1,
            {.column = parser.count() + 1, .found = kOpenQuotes, .expected = kClosingQuote});
      }
      if (kind == RecordKind::kRow) {
        if (parser.count() < opening.count) {
          ThrowBadRow(input.name(), line,
                      {.found = std::to_string(parser.count()) + " fields",
                       .expected = std::to_string(opening.count)});
        }
        std::vector<std::string>& row = records.rows.emplace_back();
        for (size_t i = 0; i < opening.count; ++i) row.emplace_back(parser.fields()[i].text);
        records.lines.push_back(line);
      }
      line += parser.lines();
      p = parser.next();
    }
    rest = static_cast<size_t>(end - p);
  }
  return records;
}

}  // namespace colonnade
