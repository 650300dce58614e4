// SPDX-License-Identifier: Apache-2.0
#include "colonnade/error.h"

#include <fmt/format.h>

#include <utility>

namespace colonnade {
namespace {

bool IsNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

std::string Compose(ErrorCode code, const ErrorDetails& d, const SpellOption& spell) {
  std::string text;
  // What cannot be read or written, or does not bear an option out, is told in words that name it.
  const bool named = code == ErrorCode::kIo || code == ErrorCode::kInvalidArgument;
  if (!d.file.empty() && !named) {
    text += d.row > 0 ? fmt::format("{}:{}: ", d.file, d.row) : d.file + ": ";
  }
  if (d.column > 0) {
    text += d.column_name.empty() ? fmt::format("column {}: ", d.column)
                                  : fmt::format("column {} ({}): ", d.column, d.column_name);
  }
  if (!d.subject.empty()) {
    text += fmt::format("{}: ", code == ErrorCode::kInvalidArgument ? spell(d.subject) : d.subject);
  }
  text += SpellOptions(d.problem, spell);
  if (!d.found.empty()) text += fmt::format("{}found {}", d.problem.empty() ? "" : ": ", d.found);
  if (!d.expected.empty()) text += ", expected " + SpellOptions(d.expected, spell);
  if (!d.advice.empty()) text += "; " + SpellOptions(d.advice, spell);
  return text;
}

std::string AsItIs(std::string_view name) { return std::string(name); }

}  // namespace

std::string SpellOptions(std::string_view text, const SpellOption& spell) {
  std::string result;
  while (!text.empty()) {
    const size_t quote = text.find('`');
    result += text.substr(0, quote);
    if (quote == std::string_view::npos) break;
    text.remove_prefix(quote + 1);
    size_t end = 0;
    while (end < text.size() && IsNameCharacter(text[end])) ++end;
    if (end == 0 || end == text.size() || text[end] != '`') {
      result += '`';
      continue;
    }
    result += spell(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  return result;
}

Error::Error(ErrorCode code, ErrorDetails details)
    : std::runtime_error(Compose(code, details, AsItIs)),
      code_(code),
      details_(std::move(details)) {}

Error::Error(ErrorCode code, std::string problem)
    : Error(code, ErrorDetails{.problem = std::move(problem)}) {}

void Reject(std::string_view option, std::string found, std::string expected) {
  throw Error(
      ErrorCode::kInvalidArgument,
      {.subject = std::string(option), .found = std::move(found), .expected = std::move(expected)});
}

std::string Error::Message(const SpellOption& spell) const {
  return Compose(code_, details_, spell);
}

}  // namespace colonnade
