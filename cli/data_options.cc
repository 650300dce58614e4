#include "cli/data_options.h"

#include <algorithm>
#include <utility>

#include "cli/progress.h"
#include "colonnade/error.h"

namespace colonnade::cli {
namespace {

// The character that the user wrote or named.
char ParseDelimiter(const std::string& text) {
  for (const auto& [name, character] : {std::pair{"comma", ','},
                                        {"semicolon", ';'},
                                        {"tab", '\t'},
                                        {"\\t", '\t'},
                                        {"space", ' '}}) {
    if (text == name) return character;
  }
  if (text.size() == 1) return text[0];
  throw Error(ErrorCode::kInvalidArgument,
              "--delimiter: found '" + text +
                  "', expected auto, comma, semicolon, tab, space or the character itself");
}

char ParseComment(const std::string& text) {
  if (text.size() == 1) return text[0];
  throw Error(ErrorCode::kInvalidArgument,
              "--comment: found '" + text + "', expected one character, such as #");
}

// The items between commas; no item may be empty.
std::vector<std::string> ParseList(const char* flag, const std::string& text) {
  std::vector<std::string> items;
  for (size_t begin = 0; !text.empty() && begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    items.push_back(text.substr(begin, end - begin));
    begin = end + 1;
    if (!items.back().empty()) continue;
    throw Error(ErrorCode::kInvalidArgument,
                std::string(flag) + ": found '" + text + "', expected names or indices of columns");
  }
  return items;
}

Missing ParseMissing(const std::string& text) {
  return text == "mean"   ? Missing::kMean
         : text == "zero" ? Missing::kZero
         : text == "drop" ? Missing::kDrop
                          : Missing::kError;
}

}  // namespace

CsvOptions DataOptions::ForReading() const {
  CsvOptions csv;
  csv.header = header == "yes" ? Header::kYes : header == "no" ? Header::kNo : Header::kAuto;
  if (delimiter != "auto") csv.delimiter = ParseDelimiter(delimiter);
  if (comment) csv.comment = ParseComment(*comment);
  if (!label_column.empty()) csv.label_column = label_column;
  if (!weight_column.empty()) csv.weight_column = weight_column;
  csv.ignore_columns = ParseList("--ignore-columns", ignore_columns);
  csv.categorical = ParseList("--categorical", categorical);
  csv.missing = ParseMissing(missing);
  csv.cache = cache;
  try {
    csv.Check();
  } catch (const Error& error) {  // a message names the flag instead of the library's option
    throw Error(error.code(), std::string("--") + error.what());
  }
  return csv;
}

void AddDialectOptions(CLI::App& command, DataOptions& options) {
  command.add_option("--header", options.header, "Whether the first line names the columns")
      ->check(CLI::IsMember({"auto", "yes", "no"}))
      ->capture_default_str()
      ->group("Data");
  command
      .add_option("--delimiter", options.delimiter,
                  "What separates fields: auto, comma, semicolon, tab, space, or the character;\n"
                  "space stands for any run of spaces and tabs")
      ->type_name("CHAR|NAME")
      ->capture_default_str()
      ->group("Data");
  command
      .add_option("--comment", options.comment, "Leave out lines that start with this character")
      ->type_name("CHAR")
      ->group("Data");
}

void AddColumnOptions(CLI::App& command, DataOptions& options) {
  command
      .add_option("--label-column", options.label_column,
                  "Column that holds the class: its name, or its index from 0\n"
                  "(-1 is the last); default: the one named 'label', else the first")
      ->type_name("NAME|INDEX")
      ->group("Data");
  command
      .add_option("--weight-column", options.weight_column,
                  "Column that holds how much each example counts, likewise; no feature")
      ->type_name("NAME|INDEX")
      ->group("Data");
  command
      .add_option("--ignore-columns", options.ignore_columns,
                  "Columns to leave out, by name or index")
      ->type_name("NAME|INDEX,…")
      ->group("Data");
  command
      .add_option("--categorical", options.categorical,
                  "Columns whose values are categories, each of which becomes a feature;\n"
                  "auto: all columns of text")
      ->type_name("auto|NAME|INDEX,…")
      ->group("Data");
  command
      .add_option("--missing", options.missing,
                  "What to do with missing values (nothing, NA, NaN, ?): refuse them, take the\n"
                  "mean of the column or 0 for them, or drop their rows")
      ->check(CLI::IsMember({"error", "mean", "zero", "drop"}))
      ->capture_default_str()
      ->group("Data");
}

void AddCacheOption(CLI::App& command, DataOptions& options) {
  command
      .add_flag("--cache", options.cache,
                "Keep each CSV file beside itself as FILE.colonnade, which loads in\n"
                "milliseconds and may be larger than the memory; made anew when the\n"
                "file or the options about data change")
      ->group("Data");
}

Dataset ReadShown(const Common& common, const std::string& file, CsvOptions options) {
  LoadDisplay display(common, file);
  options.threads = common.threads;
  options.on_progress = display.Callback();
  Dataset data = ReadData(file, options);
  display.Clear();
  return data;
}

void PrintNotes(const Common& common, const std::vector<std::string>& notes) {
  for (const std::string& note : notes) PrintNote(common, note);
}

}  // namespace colonnade::cli
