// SPDX-License-Identifier: Apache-2.0
// Tables of other formats as CSV text: what columns of text, dates and missing values mean, the CSV
// reader alone knows.
#ifndef COLONNADE_ENGINE_DATA_FORMATS_THROUGH_CSV_H_
#define COLONNADE_ENGINE_DATA_FORMATS_THROUGH_CSV_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "colonnade/csv.h"
#include "colonnade/error.h"
#include "engine/runtime/file.h"

namespace colonnade {

// Appends some lines of text to its argument; false at the end, when there are none.
using MakeText = std::function<bool(std::string& text)>;

struct TableText {
  std::string file;    // for messages
  const char* format;  // for DataSummary
  MakeText make;
  CsvOptions options;  // as AsCsv() and the format have changed them
  // Where line N of the text is in the file: line N - added_lines; or, of files without lines,
  // example N - 1 - added_lines.
  uint64_t added_lines = 0;
  bool has_lines = false;
};

// A message about the text as one about the file.
Error AboutFile(const TableText& table, const Error& error);

// The dataset that the text stands for. Messages are about the file.
Dataset ReadThroughCsv(TableText table);

// Files of these formats as text; the file must outlive it.
TableText ArffText(InputFile& input, const CsvOptions& options);
TableText LibsvmText(InputFile& input, const CsvOptions& options);
TableText ArrowText(InputFile& input, const CsvOptions& options);

// The options for such text: fields in commas, quoted by '"' where that is needed.
CsvOptions AsCsv(CsvOptions options, Header header);

// What make() makes, as a source for an InputFile.
std::function<size_t(std::span<char>)> SourceOf(MakeText make);

// Appends a field with what quotes it needs; AppendName() in quotes always.
void AppendField(std::string_view text, std::string& to);
void AppendName(std::string_view name, std::string& to);

// The shortest text that reads back as the number; nothing for what is not a number.
void AppendNumber(float value, std::string& to);
void AppendNumber(double value, std::string& to);

// Columns of a table that has but features, a label and perhaps one column more.
enum class Place { kLabel, kOther, kFeature };

// As `like` has them, or label, other, features. Throws kBadData where a column of `like` is more
// than a feature.
std::vector<Place> PlainColumns(const std::string& file, const char* format, size_t features,
                                bool other, const std::optional<Schema>& like);

// The rest of a file in memory.
std::string ReadRest(InputFile& input);

// A text file line by line, without line ends.
class TextLines {
 public:
  // Keeps a reference.
  explicit TextLines(InputFile& input) : input_(input) {}

  // Nothing at the end. Valid until the next call.
  std::optional<std::string_view> Next();
  uint64_t line() const { return line_; }  // number of the line that came last, from 1
  const std::string& file() const { return input_.name(); }

 private:
  bool Refill();

  InputFile& input_;
  std::string buffer_;
  size_t begin_ = 0;
  bool at_end_ = false;
  uint64_t line_ = 0;
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_FORMATS_THROUGH_CSV_H_
