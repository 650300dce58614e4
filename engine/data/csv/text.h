// SPDX-License-Identifier: Apache-2.0
// Fields of a CSV file as text, and text for messages.
#ifndef COLONNADE_ENGINE_DATA_CSV_TEXT_H_
#define COLONNADE_ENGINE_DATA_CSV_TEXT_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "colonnade/error.h"

namespace colonnade {

// True for well-formed UTF-8 without control characters other than tabs and line ends, which names
// in quotes may have: any terminal and any JSON writer takes it.
bool IsName(std::string_view text);

// Text for a message: in single quotes, control characters and what is not UTF-8 as \xNN, shortened
// after 40 characters; "nothing" if empty.
std::string Quoted(std::string_view text);

// "1,234,567".
std::string WithCommas(uint64_t number);

// A name on one line of a terminal: what is not printable is a space.
std::string Printable(std::string_view text);

// "a, b, c": the first few of `names`, then "…".
std::string Abbreviated(const std::vector<std::string>& names);

// What to do about a text that is no name: nothing where it is UTF-8 with control characters.
const char* EncodingAdvice(std::string_view text);

// Throws Error(kBadData) with what there is to tell of a row.
[[noreturn]] void ThrowBadRow(const std::string& file, uint64_t row, ErrorDetails details);

// What was found or expected, where both the reader and the checker tell.
inline constexpr const char* kOpenQuotes = "quotes that are not closed";
inline constexpr const char* kClosingQuote = "a closing quotation mark";
inline constexpr const char* kNothingAfterQuote =
    "nothing between the closing quotation mark and the separator";
inline constexpr const char* kCategory = "a category in UTF-8 without control characters";
inline constexpr const char* kNoExamples = "no examples after the header";

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_CSV_TEXT_H_
