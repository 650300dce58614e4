// SPDX-License-Identifier: Apache-2.0
// The fields of one row, exactly: quotes, line ends within quotes, spaces, comments.
#ifndef COLONNADE_ENGINE_DATA_CSV_RECORD_H_
#define COLONNADE_ENGINE_DATA_CSV_RECORD_H_

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/data/csv/dialect.h"

namespace colonnade {

// The most columns of a table: a layer has at most 2^20 inputs, and one column is the label.
inline constexpr size_t kMaxColumns = (size_t{1} << 20) + 1;

struct CsvField {
  std::string_view text;        // without quotes, and without spaces around it or within the quotes
  std::string_view whole = {};  // of a field in quotes, with those spaces
  size_t offset = 0;            // of its first byte, which may be a quote, in the record
  size_t line = 0;              // how many line ends of the record precede it
  bool quoted = false;
  bool damaged = false;  // something follows the closing quote; `text` is the field as it stands
};

enum class RecordKind {
  kRow,
  kBlank,    // an empty line, or nothing but spaces
  kComment,  // a comment line
  kOpen,     // quotes that are not closed in the text at hand, of which there may be more
  kUnclosed  // quotes that are not closed at all: within kMostLines lines, or to the end
};

// So many lines a field in quotes has at most; quotes that stay open for longer are a mistake.
inline constexpr size_t kMostLines = 1000;

// Without the spaces and line ends around it: what counts of the text in quotes.
std::string_view TrimmedText(std::string_view text);

// Cuts text into records and fields. A field in quotes may hold separators, line ends, and quotes,
// each doubled; a quote within an unquoted field stands for itself. Spaces and tabs around fields
// do not count, unless the tab is the separator. With the separator ' ', any run of spaces and tabs
// separates, and none at the start or end of a line does.
class RecordParser {
 public:
  explicit RecordParser(const CsvDialect& dialect)
      : separator_(dialect.separator),
        comment_(dialect.comment),
        quote_(dialect.quote),
        escape_(dialect.escape),
        delimiter_(dialect.delimiter) {}

  // Parses the record at `p` in [p, end), which ends in '\n'. What the other members return is
  // valid until the next call, as long as the text is. all: no more text will follow.
  RecordKind Parse(const char* p, const char* end, bool all);

  // Where the next record starts; not for kOpen. Behind quotes that are not closed it is the next
  // line.
  const char* next() const { return next_; }
  // Lines of the record, as the file has them; for kUnclosed, up to and with the one that has the
  // quotes.
  size_t lines() const { return lines_; }
  size_t count() const { return count_; }                       // fields of a row
  std::span<const CsvField> fields() const { return fields_; }  // the first kMaxColumns of them

 private:
  const char* ParseField(const char* p, const char* end);
  const char* ParseQuoted(const char* p, const char* end, CsvField* field);
  const char* FindClosing(const char* p, const char* end, bool* doubled);
  void Unescape(const char* begin, const char* end, CsvField* field);
  const char* ParseBare(const char* p, CsvField* field) const;
  const char* SkipPadding(const char* p) const;
  const char* FindEnd(const char* p) const;
  std::string_view Trimmed(const char* begin, const char* end) const;

  char separator_;
  char comment_;
  char quote_;
  char escape_;
  std::string delimiter_;  // that the separator stands for, if it has several characters
  const char* begin_ = nullptr;
  const char* next_ = nullptr;
  size_t lines_ = 0;
  size_t count_ = 0;
  std::vector<CsvField> fields_;
  std::string unescaped_;  // fields with doubled quotes
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_CSV_RECORD_H_
