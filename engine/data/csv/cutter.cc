// SPDX-License-Identifier: Apache-2.0
#include "engine/data/csv/cutter.h"

#include <algorithm>
#include <cstring>

#include "engine/data/csv/record.h"

namespace colonnade {
namespace {

const char* Find(const char* p, const char* end, char c) {
  return static_cast<const char*>(std::memchr(p, c, static_cast<size_t>(end - p)));
}

}  // namespace

// Behind the quote that closes the quotes whose text starts at `p`. Where none does, *open is true
// if more text could still close them, and otherwise the result is null.
const char* RecordCutter::EndOfQuotes(const char* p, const char* end, bool all, bool* open) const {
  const char* const begin = p;
  const char quote = dialect_.quote;
  const char escape = dialect_.escape;
  for (;;) {
    const char* at = p;
    if (escape == '\0') {
      at = Find(p, end, quote);
    } else {
      while (at < end && *at != quote && *at != escape) ++at;
      if (at == end) at = nullptr;
    }
    if (at != nullptr && *at == quote && at[1] != quote) {
      const auto lines = static_cast<size_t>(std::count(begin, at, '\n'));
      return lines > kMostLines ? nullptr : at + 1;
    }
    if (at == nullptr || at + 1 >= end) {
      const auto lines = static_cast<size_t>(std::count(begin, end, '\n'));
      *open = !all && lines <= kMostLines;
      return nullptr;
    }
    p = at + 2;
  }
}

std::optional<size_t> RecordCutter::Cut(std::string_view text, size_t wanted, bool all,
                                        bool whole_only) const {
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  const char* const goal = begin + std::min(wanted, text.size());
  const char separator = dialect_.separator;
  const char* record = begin;  // the start of one, all before it being whole
  const char* p = begin;
  while (record < goal) {
    // Here p is within a record or at its start, outside of quotes.
    if (p == record && dialect_.comment != '\0') {
      const char* first = p;
      while (IsPadding(*first, separator)) ++first;
      if (*first == dialect_.comment) {
        record = p = Find(first, end, '\n') + 1;
        continue;
      }
    }
    const char* const quote = dialect_.quote == '\0' ? nullptr : Find(p, end, dialect_.quote);
    // Lines up to the quote are records; with comments, one at a time.
    const char* const stop = quote == nullptr ? end : quote;
    if (dialect_.comment != '\0') {
      if (const char* newline = Find(p, stop, '\n')) {
        record = p = newline + 1;
        continue;
      }
    } else {
      if (goal <= stop) {
        // The last one that starts before the goal ends at the first line end behind goal - 1.
        const char* const newline = Find(std::max(goal - 1, p), stop, '\n');
        if (newline != nullptr) return static_cast<size_t>(newline + 1 - begin);
      }
      const size_t before = std::string_view(p, static_cast<size_t>(stop - p)).rfind('\n');
      if (before != std::string_view::npos) record = p + before + 1;
    }
    if (quote == nullptr) return static_cast<size_t>(end - begin);  // text ends in a line end
    // Only at the start of a field does it open one.
    const char* left = quote;
    while (left > record && IsPadding(left[-1], separator)) --left;
    const bool opens =
        left == record || left[-1] == separator || (separator == ' ' && left < quote);
    if (!opens) {
      p = quote + 1;
      continue;
    }
    bool open = false;
    const char* const closed = EndOfQuotes(quote + 1, end, all, &open);
    if (open) {
      if (whole_only) return static_cast<size_t>(record - begin);
      return std::nullopt;
    }
    if (closed == nullptr) {
      record = p = Find(quote, end, '\n') + 1;  // a bad row of its own
    } else {
      p = closed;
    }
  }
  return static_cast<size_t>(record - begin);
}

}  // namespace colonnade
