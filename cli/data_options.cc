#include "cli/data_options.h"

namespace colonnade::cli {

CsvOptions DataOptions::ForReading() const {
  CsvOptions csv;
  csv.header = header == "yes" ? Header::kYes : header == "no" ? Header::kNo : Header::kAuto;
  if (!label_column.empty()) csv.label_column = label_column;
  return csv;
}

void AddHeaderOption(CLI::App& command, DataOptions& options) {
  command.add_option("--header", options.header, "Whether the first line names the columns")
      ->check(CLI::IsMember({"auto", "yes", "no"}))
      ->capture_default_str()
      ->group("Data");
}

void AddLabelColumnOption(CLI::App& command, DataOptions& options) {
  command
      .add_option("--label-column", options.label_column,
                  "Column that holds the class: its name, or its index from 0\n"
                  "(-1 is the last); default: the one named 'label', else the first")
      ->type_name("NAME|INDEX")
      ->group("Data");
}

}  // namespace colonnade::cli
