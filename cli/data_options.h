// The flags about data files, the same for every command that reads them.
#ifndef COLONNADE_CLI_DATA_OPTIONS_H_
#define COLONNADE_CLI_DATA_OPTIONS_H_

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "colonnade/csv.h"

namespace colonnade::cli {

struct DataOptions {
  std::string header = "auto";
  std::string delimiter = "auto";
  std::optional<std::string> comment;
  std::string label_column;

  // What ReadCsv() takes for it.
  CsvOptions ForReading() const;
};

// --header, --delimiter, --comment
void AddDialectOptions(CLI::App& command, DataOptions& options);

// --label-column
void AddLabelColumnOption(CLI::App& command, DataOptions& options);

}  // namespace colonnade::cli

#endif  // COLONNADE_CLI_DATA_OPTIONS_H_
