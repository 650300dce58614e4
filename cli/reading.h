// SPDX-License-Identifier: Apache-2.0
// Reading data files, the same for every command.
#ifndef COLONNADE_CLI_READING_H_
#define COLONNADE_CLI_READING_H_

#include <string>
#include <vector>

#include "cli/output.h"
#include "cli/settings.h"
#include "colonnade/csv.h"
#include "colonnade/data_summary.h"

namespace CLI {
class App;
}

namespace colonnade::cli {

// How the text is written: --header, --delimiter, --comment and the like
void AddDialectFlags(CLI::App& command, Settings& settings);

// What the columns mean, for commands that have no model to tell: --label-column, --weight-column,
// --ignore-columns, --categorical, --missing, --task and the like
void AddColumnFlags(CLI::App& command, Settings& settings);

// --cache
void AddCacheFlag(CLI::App& command, Settings& settings);

// What ReadCsv() takes for such flags. Throws kInvalidArgument.
CsvOptions ReadingOf(const Settings& settings);

// ReadData() with what `common` says, and on a terminal how far it is.
Dataset ReadShown(const Common& common, const std::string& file, CsvOptions options);

// Tells what ReadCsv() noted, on standard error.
void PrintNotes(const Common& common, const std::vector<std::string>& notes);

// Tells how a table was taken, on standard error: in full, or that of a further file in a line.
// Returns whether there was anything to tell.
bool PrintSummary(const Common& common, const DataSummary& summary);
void PrintSummaryLine(const Common& common, const DataSummary& summary);

// The same for --json, into an object: keys that it has stay, and `class_rows` has the classes with
// their numbers of rows where `classes` is one of them.
void AddSummary(const DataSummary& summary, Json& object);

// A list of names of columns as it stands behind a flag: between commas, in double quotes where
// they hold some.
std::vector<std::string> ColumnNames(const std::string& text);

}  // namespace colonnade::cli

#endif  // COLONNADE_CLI_READING_H_
