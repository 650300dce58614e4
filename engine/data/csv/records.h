// SPDX-License-Identifier: Apache-2.0
// Small tables as texts.
#ifndef COLONNADE_ENGINE_DATA_CSV_RECORDS_H_
#define COLONNADE_ENGINE_DATA_CSV_RECORDS_H_

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "colonnade/csv.h"

namespace colonnade {

// A table whose fields are as they stand, without quotes and spaces around them.
struct Records {
  std::vector<std::string> names;              // of the columns; none without a header
  std::vector<std::vector<std::string>> rows;  // each with as many fields as the table has columns
  std::vector<uint64_t> lines;                 // of the rows
};

// Reads a file as ReadCsv() does, with all that it finds out about the dialect. Throws as that
// does.
Records ReadRecords(const std::filesystem::path& file, const CsvOptions& options = {});

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_CSV_RECORDS_H_
