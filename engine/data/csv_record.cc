// SPDX-License-Identifier: Apache-2.0
#include "engine/data/csv_record.h"

#include <algorithm>
#include <cstring>

#include "engine/data/csv_dialect.h"

namespace colonnade {
namespace {

// Where the line ends if it ends at `p`, else null.
const char* LineEnd(const char* p) {
  if (*p == '\r' && p[1] == '\n') ++p;
  return *p == '\n' ? p : nullptr;
}

}  // namespace

RecordKind RecordParser::Parse(const char* p, const char* end) {
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
    p = ParseField(p, end);
    if (p == nullptr) return RecordKind::kOpen;
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
  p = *p == '"' ? ParseQuoted(p, end, &field) : ParseBare(p, &field);
  if (p == nullptr) return nullptr;
  if (count_++ < kMaxColumns) fields_.push_back(field);
  return separator_ == ' ' ? SkipPadding(p) : p;
}

const char* RecordParser::ParseQuoted(const char* p, const char* end, CsvField* field) {
  field->quoted = true;
  const char* const begin = p + 1;
  bool doubled = false;
  for (p = begin;; p += 2) {
    const char* const quote =
        static_cast<const char*>(std::memchr(p, '"', static_cast<size_t>(end - p)));
    if (quote == nullptr) {
      lines_ = field->line + 1;  // up to the quotes that are not closed
      return nullptr;
    }
    lines_ += static_cast<size_t>(std::count(p, quote, '\n'));
    p = quote;
    if (p[1] != '"') break;
    doubled = true;
  }
  field->text = {begin, p};
  if (doubled) {
    // At its final size from the start, because other fields refer to it.
    if (unescaped_.empty()) unescaped_.reserve(static_cast<size_t>(end - begin_));
    const size_t start = unescaped_.size();
    for (const char* from = begin; from < p; ++from) {
      unescaped_ += *from;
      if (*from == '"') ++from;
    }
    field->text = std::string_view(unescaped_).substr(start);
  }
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
