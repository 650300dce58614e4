// SPDX-License-Identifier: Apache-2.0
#include "engine/data/csv/record.h"

#include <algorithm>
#include <cstring>

#include "engine/data/csv/dialect.h"

namespace colonnade {
namespace {

// Where the line ends if it ends at `p`, else null.
const char* LineEnd(const char* p) {
  if (*p == '\r' && p[1] == '\n') ++p;
  return *p == '\n' ? p : nullptr;
}

}  // namespace

std::string_view TrimmedText(std::string_view text) {
  constexpr std::string_view kSpaces = " \t\r\n";
  const size_t begin = text.find_first_not_of(kSpaces);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpaces) + 1 - begin);
}

RecordKind RecordParser::Parse(const char* p, const char* end, bool all) {
  begin_ = p;
  lines_ = 1;
  count_ = 0;
  fields_.clear();
  unescaped_.clear();
  p = SkipPadding(p);
  if (comment_ != '\0' && *p == comment_) {
    next_ = static_cast<const char*>(std::memchr(p, '\n', static_cast<size_t>(end - p))) + 1;
    return RecordKind::kComment;
  }
  if (const char* line_end = LineEnd(p)) {
    next_ = line_end + 1;
    return RecordKind::kBlank;
  }
  for (;;) {
    const char* const field = p;
    p = ParseField(p, end);
    if (p == nullptr) {
      // From here on to the end, or as many lines as there may be.
      const auto rest = static_cast<size_t>(end - field);
      const bool enough =
          std::count(field, end, '\n') > static_cast<std::ptrdiff_t>(kMostLines) || all;
      if (!enough) return RecordKind::kOpen;
      next_ = static_cast<const char*>(std::memchr(field, '\n', rest)) + 1;
      return RecordKind::kUnclosed;
    }
    if (const char* line_end = LineEnd(p)) {
      next_ = line_end + 1;
      return RecordKind::kRow;
    }
    // In front of the next field; for a run of spaces, ParseField() has passed it.
    p = separator_ == ' ' ? p : SkipPadding(p + 1);
  }
}

// Starts at the field's first byte, ends at the separator (or, with spaces, behind it) or the line
// end. Null if quotes are not closed.
const char* RecordParser::ParseField(const char* p, const char* end) {
  CsvField field;
  field.offset = static_cast<size_t>(p - begin_);
  field.line = lines_ - 1;
  p = quote_ != '\0' && *p == quote_ ? ParseQuoted(p, end, &field) : ParseBare(p, &field);
  if (p == nullptr) return nullptr;
  if (count_++ < kMaxColumns) fields_.push_back(field);
  return separator_ == ' ' ? SkipPadding(p) : p;
}

// The quote that closes a field whose text starts at `p`; null if there is none.
const char* RecordParser::FindClosing(const char* p, const char* end, bool* doubled) {
  size_t lines = 0;
  for (;;) {
    const char* quote = p;
    if (escape_ == '\0') {
      quote = static_cast<const char*>(std::memchr(p, quote_, static_cast<size_t>(end - p)));
      if (quote == nullptr) return nullptr;
    } else {
      while (quote < end && *quote != quote_ && *quote != escape_) ++quote;
      if (quote >= end) return nullptr;
    }
    lines += static_cast<size_t>(std::count(p, quote, '\n'));
    if (lines > kMostLines) return nullptr;
    if (*quote == quote_ && quote[1] != quote_) {
      lines_ += lines;
      return quote;
    }
    *doubled = true;
    if (quote + 1 >= end) return nullptr;
    if (quote[1] == '\n') ++lines;
    p = quote + 2;
  }
}

// At its final size from the start, because other fields refer to it.
void RecordParser::Unescape(const char* begin, const char* end, CsvField* field) {
  const size_t start = unescaped_.size();
  for (const char* from = begin; from < end; ++from) {
    if ((*from == quote_ || (escape_ != '\0' && *from == escape_)) && from + 1 < end) ++from;
    if (*from == separator_ && !delimiter_.empty()) {
      unescaped_ += delimiter_;
    } else {
      unescaped_ += *from;
    }
  }
  field->text = std::string_view(unescaped_).substr(start);
}

const char* RecordParser::ParseQuoted(const char* p, const char* end, CsvField* field) {
  field->quoted = true;
  const char* const begin = p + 1;
  bool doubled = false;
  p = FindClosing(begin, end, &doubled);
  if (p == nullptr) {
    lines_ = field->line + 1;  // up to the quotes that are not closed
    return nullptr;
  }
  field->text = {begin, p};
  const bool replaced = !delimiter_.empty() && field->text.find(separator_) != field->text.npos;
  if (doubled || replaced) {
    if (unescaped_.empty()) {
      unescaped_.reserve(static_cast<size_t>(end - begin_) *
                         std::max<size_t>(delimiter_.size(), 1));
    }
    Unescape(begin, p, field);
  }
  field->whole = field->text;
  field->text = TrimmedText(field->text);
  const char* const closing = p;
  p = SkipPadding(p + 1);
  const bool separated = *p == separator_ || (separator_ == ' ' && p > closing + 1);
  if (separated || LineEnd(p) != nullptr) return p;
  p = FindEnd(p);
  field->damaged = true;
  field->text = Trimmed(begin - 1, p);
  return p;
}

const char* RecordParser::ParseBare(const char* p, CsvField* field) const {
  const char* const begin = p;
  p = FindEnd(p);
  field->text = Trimmed(begin, p);
  return p;
}

const char* RecordParser::SkipPadding(const char* p) const {
  while (IsPadding(*p, separator_)) ++p;
  return p;
}

// The separator or line end from `p` on.
const char* RecordParser::FindEnd(const char* p) const {
  if (separator_ == ' ') {
    while (*p != '\n' && !IsPadding(*p, ' ')) ++p;
  } else {
    while (*p != '\n' && *p != separator_) ++p;
  }
  return *p == '\n' && p[-1] == '\r' ? p - 1 : p;
}

std::string_view RecordParser::Trimmed(const char* begin, const char* end) const {
  while (end > begin && IsPadding(end[-1], separator_)) --end;
  return {begin, end};
}

}  // namespace colonnade
