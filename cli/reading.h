// SPDX-License-Identifier: Apache-2.0
// Reading data files, the same for every command.
#ifndef COLONNADE_CLI_READING_H_
#define COLONNADE_CLI_READING_H_

#include <string>
#include <vector>

#include "cli/output.h"
#include "cli/settings.h"
#include "colonnade/csv.h"

namespace CLI {
class App;
}

namespace colonnade::cli {

// How the text is written: --header, --delimiter, --comment
void AddDialectFlags(CLI::App& command, Settings& settings);

// What the columns mean, for commands that have no model to tell: --label-column, --weight-column,
// --ignore-columns, --categorical, --missing, --task
void AddColumnFlags(CLI::App& command, Settings& settings);

// --cache
void AddCacheFlag(CLI::App& command, Settings& settings);

// What ReadCsv() takes for such flags. Throws kInvalidArgument.
CsvOptions ReadingOf(const Settings& settings);

// ReadData() with what `common` says, and on a terminal how far it is.
Dataset ReadShown(const Common& common, const std::string& file, CsvOptions options);

// Tells what ReadCsv() noted, on standard error.
void PrintNotes(const Common& common, const std::vector<std::string>& notes);

}  // namespace colonnade::cli

#endif  // COLONNADE_CLI_READING_H_
