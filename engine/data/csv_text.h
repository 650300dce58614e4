// Fields of a CSV file as text, and text for messages.
#ifndef COLONNADE_ENGINE_DATA_CSV_TEXT_H_
#define COLONNADE_ENGINE_DATA_CSV_TEXT_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace colonnade {

// True for well-formed UTF-8 without control characters other than tabs and line ends, which names
// in quotes may have: any terminal and any JSON writer takes it.
bool IsName(std::string_view text);

// Text for a message: in single quotes, control characters and what is not UTF-8 as \xNN, shortened
// after 40 characters; "nothing" if empty.
std::string Quoted(std::string_view text);

// "a, b, c": the first few of `names`, then "…".
std::string Abbreviated(const std::vector<std::string>& names);

// Throws Error(kBadData, "FILE:ROW: what").
[[noreturn]] void ThrowBadRow(const std::string& file, uint64_t row, std::string_view what);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_CSV_TEXT_H_
