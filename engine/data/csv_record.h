// SPDX-License-Identifier: Apache-2.0
// The fields of one row, exactly: quotes, line ends within quotes, spaces, comments.
#ifndef COLONNADE_ENGINE_DATA_CSV_RECORD_H_
#define COLONNADE_ENGINE_DATA_CSV_RECORD_H_

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace colonnade {

// The most columns of a table: a layer has at most 2^20 inputs, and one column is the label.
inline constexpr size_t kMaxColumns = (size_t{1} << 20) + 1;

struct CsvField {
  std::string_view text;  // without quotes, and without spaces around it
  size_t offset = 0;      // of its first byte, which may be a quote, in the record
  size_t line = 0;        // how many line ends of the record precede it
  bool quoted = false;
  bool damaged = false;  // something follows the closing quote; `text` is the field as it stands
};

enum class RecordKind {
  kRow,
  kBlank,    // an empty line, or nothing but spaces
  kComment,  // a comment line
  kOpen,     // quotes that are not closed in the text at hand
};

// Cuts text into records and fields. A field in quotes may hold separators, line ends, and quotes,
// each doubled; a quote within an unquoted field stands for itself. Spaces and tabs around fields
// do not count, unless the tab is the separator. With the separator ' ', any run of spaces and tabs
// separates, and none at the start or end of a line does.
class RecordParser {
 public:
  // comment: '\0' for none.
  RecordParser(char separator, char comment) : separator_(separator), comment_(comment) {}

  // Parses the record at `p` in [p, end), which ends in '\n'. What the other members return is
  // valid until the next call, as long as the text is.
  RecordKind Parse(const char* p, const char* end);

  // Where the next record starts; not for kOpen.
  const char* next() const { return next_; }
  // Lines of the record, as the file has them; for kOpen, up to the quotes that are not closed.
  size_t lines() const { return lines_; }
  size_t count() const { return count_; }                       // fields of a row
  std::span<const CsvField> fields() const { return fields_; }  // the first kMaxColumns of them

 private:
  const char* ParseField(const char* p, const char* end);
  const char* ParseQuoted(const char* p, const char* end, CsvField* field);
  const char* ParseBare(const char* p, CsvField* field) const;
  const char* SkipPadding(const char* p) const;
  const char* FindEnd(const char* p) const;
  std::string_view Trimmed(const char* begin, const char* end) const;

  char separator_;
  char comment_;
  const char* begin_ = nullptr;
  const char* next_ = nullptr;
  size_t lines_ = 0;
  size_t count_ = 0;
  std::vector<CsvField> fields_;
  std::string unescaped_;  // fields with doubled quotes
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_CSV_RECORD_H_
