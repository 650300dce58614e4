// SPDX-License-Identifier: Apache-2.0
// What goes to the person and what goes to the next program: data on standard output, all else on
// standard error.
#ifndef COLONNADE_CLI_OUTPUT_H_
#define COLONNADE_CLI_OUTPUT_H_

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "colonnade/evaluate.h"

namespace colonnade::cli {

using Json = nlohmann::ordered_json;  // keys appear in the order in which they are set

// Settings that every command shares.
struct Common {
  bool quiet = false;
  bool verbose = false;
  bool json = false;
  int threads = 0;
  bool threads_given = false;  // by the flag
};

// Writes to standard output; throws Error(kIo) if that fails (a full disk, a closed pipe).
void PrintData(std::string_view text);

// One JSON object and a newline on standard output.
void PrintJson(const Json& object);

// Text on standard error. Never throws: there is nobody left to tell.
void PrintError(std::string_view text) noexcept;

// The flag of an option of the library: "--lr" for "lr".
std::string AsFlag(std::string_view option);

// A line on standard error, unless --quiet.
void PrintNote(const Common& common, std::string_view line);

// "60,000"
std::string WithCommas(uint64_t number);

// "0.98" / "12.3" / "1:02" / "3:04:05": seconds as a person reads them.
std::string Duration(double seconds);

// A text as a field of a CSV file: in quotes where it would else be read as several, as another
// text, as a number that is not spelt so, or as a missing value.
std::string CsvField(const std::string& text);

// A value that is JSON text already, as an object; the text itself where it is not.
Json ParseJson(const std::string& text);

// The metrics of predicted numbers.
Json RegressionJson(const RegressionMetrics& metrics);
std::string RegressionText(const RegressionMetrics& metrics);

}  // namespace colonnade::cli

#endif  // COLONNADE_CLI_OUTPUT_H_
