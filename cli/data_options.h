// The flags about data files, the same for every command that reads them.
#ifndef COLONNADE_CLI_DATA_OPTIONS_H_
#define COLONNADE_CLI_DATA_OPTIONS_H_

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/output.h"
#include "colonnade/csv.h"

namespace colonnade::cli {

struct DataOptions {
  std::string header = "auto";
  std::string delimiter = "auto";
  std::optional<std::string> comment;
  std::string label_column;
  std::string weight_column;
  std::string ignore_columns;
  std::string categorical;
  std::string missing = "error";
  bool cache = false;

  // What ReadCsv() takes for it.
  CsvOptions ForReading() const;
};

// --header, --delimiter, --comment
void AddDialectOptions(CLI::App& command, DataOptions& options);

// What the columns mean, for commands that have no model to tell: --label-column, --weight-column,
// --ignore-columns, --categorical, --missing
void AddColumnOptions(CLI::App& command, DataOptions& options);

// --cache
void AddCacheOption(CLI::App& command, DataOptions& options);

// ReadData() with what `common` says, and on a terminal how far it is.
Dataset ReadShown(const Common& common, const std::string& file, CsvOptions options);

// Tells what ReadCsv() noted, on standard error.
void PrintNotes(const Common& common, const std::vector<std::string>& notes);

}  // namespace colonnade::cli

#endif  // COLONNADE_CLI_DATA_OPTIONS_H_
