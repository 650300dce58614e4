// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cctype>
#include <string_view>
#include <vector>

#include "colonnade/csv_options.h"
#include "colonnade/error.h"
#include "engine/runtime/option_table-inl.h"

namespace colonnade {

template <>
std::span<const Option> OptionsOf<CsvOptions>() {
  static const std::vector<Option> all = MakeOptions<CsvOptions>();
  return all;
}

template <>
std::string OptionText(const CsvOptions& options, std::string_view name) {
  return TextOfOption(options, name);
}

template <>
void SetOption(CsvOptions& options, std::string_view name, std::string_view text) {
  // What `refuse` was called at first: old configuration files and models say so.
  if (name == "missing" && text == "error") text = "refuse";
  SetOptionFromText(options, name, text);
}

void CsvOptions::Check() const {
  VisitOptions(*this, [](const OptionInfo& info, const auto& value) { CheckRange(info, value); });
  const auto fail = [](const char* option, const std::string& found, const char* expected) {
    throw Error(ErrorCode::kInvalidArgument,
                {.subject = option, .found = InQuotes(found), .expected = expected});
  };
  const auto one = [](char c) { return std::string(1, c); };
  if (delimiter) {
    constexpr const char* kExpected =
        "a character or several that no number has: a comma, semicolon, tab, space, vertical bar";
    const std::string& text = delimiter->text;
    if (text.empty() || text.find_first_of("\n\r\"") != std::string::npos ||
        text.find('\0') != std::string::npos) {
      fail("delimiter", text, kExpected);
    }
    // A word is one that has been misspelt.
    const bool word = std::ranges::all_of(
        text, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; });
    if (word || (text.size() == 1 && text.find_first_of("+-.'") == 0)) {
      fail("delimiter", text, kExpected);
    }
  }
  // What may start a row of data.
  constexpr std::string_view kTaken = "+-.?\"'\t ";
  if (comment &&
      (*comment <= ' ' || *comment > '~' || kTaken.find(*comment) != kTaken.npos ||
       (*comment >= '0' && *comment <= '9') || (delimiter && delimiter->text == one(*comment)))) {
    fail("comment", one(*comment), "a character that no row of data starts with, such as #");
  }
  if (quote != '\0' && quote != '"' && quote != '\'' && quote != '`' && quote != '|') {
    fail("quote", one(quote), "\", ' or none");
  }
  if (quote != '\0' && delimiter && delimiter->text == one(quote)) {
    fail("quote", one(quote), "another character than the delimiter");
  }
  if (escape &&
      (*escape == quote || (delimiter && delimiter->text == one(*escape)) || *escape <= ' ' ||
       *escape > '~' || std::isalnum(static_cast<unsigned char>(*escape)) != 0)) {
    fail("escape", one(*escape), "a character such as \\ that is neither quote nor delimiter");
  }
  if (thousands && std::string_view(",. '_").find(*thousands) == std::string_view::npos) {
    fail("thousands", one(*thousands), "a comma, point, space, ' or _");
  }
  if (thousands && ((*thousands == ',' && decimal == Decimal::kComma) ||
                    (*thousands == '.' && decimal == Decimal::kPoint))) {
    fail("thousands", one(*thousands), "another character than that of `decimal`");
  }
}

}  // namespace colonnade
