// SPDX-License-Identifier: Apache-2.0
// Where records end, faster than parsing them.
#ifndef COLONNADE_ENGINE_DATA_CSV_CUTTER_H_
#define COLONNADE_ENGINE_DATA_CSV_CUTTER_H_

#include <optional>
#include <string_view>

#include "engine/data/csv/dialect.h"

namespace colonnade {

// Cuts text at line ends that end a record, exactly as RecordParser does.
class RecordCutter {
 public:
  explicit RecordCutter(const CsvDialect& dialect) : dialect_(dialect) {}

  // text: whole lines from the start of a record on; at least 1 byte. Returns how many of its bytes
  // the records take that start in text[0 .. wanted); nothing where it ends within one of these.
  // all: no more text will follow. whole_only: instead of nothing, the records that are whole.
  std::optional<size_t> Cut(std::string_view text, size_t wanted, bool all, bool whole_only) const;

 private:
  const char* EndOfQuotes(const char* p, const char* end, bool all, bool* open) const;

  CsvDialect dialect_;
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_CSV_CUTTER_H_
