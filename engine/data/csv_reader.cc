#include "engine/data/csv_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "colonnade/error.h"
#include "engine/data/class_index.h"
#include "engine/data/csv_bytes.h"
#include "engine/data/csv_columns.h"
#include "engine/data/csv_lines.h"
#include "engine/data/csv_number.h"
#include "engine/data/csv_text.h"
#include "engine/data/dataset_builder.h"

namespace colonnade {
namespace {

// Large enough that system calls cost nothing, small enough to stay in the second-level cache.
constexpr size_t kPiece = size_t{1} << 20;

// Takes the line end off, whose '\n' is known to be there.
std::string_view WithoutLineEnd(std::string_view line) {
  line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// No more rows than this are in a file of `size` bytes: each field has one character and is
// followed by another one, but for the very last.
size_t MaxRows(std::optional<size_t> size, size_t columns) {
  return size ? (*size + 1) / (2 * columns) : 0;
}

// The rows of one file on their way into a dataset.
class TableReader {
 public:
  TableReader(const std::string& file, CsvColumns columns, const Schema* like, size_t max_rows)
      : file_(file),
        columns_(std::move(columns)),
        labelled_(columns_.label && columns_.read_labels),
        classes_(like != nullptr ? &like->classes : nullptr),
        builder_(columns_.features(), labelled_, max_rows) {}

  // Whole lines; `row` is the number of the first one. Returns the number of the line after them.
  uint64_t Add(std::string_view lines, uint64_t row) {
    const char* p = lines.data();
    const char* const end = p + lines.size();
    for (; p < end; ++row) {
      const char* next = nullptr;
      if (empty_row_ == 0 && builder_.type() == ElementType::kU8) next = AddByteRow(p, row);
      if (next == nullptr) {
        next = static_cast<const char*>(std::memchr(p, '\n', static_cast<size_t>(end - p))) + 1;
        AddRow(WithoutLineEnd({p, next}), row);
      }
      p = next;
    }
    return row;
  }

  Dataset Finish() {
    if (builder_.examples() == 0) {
      throw Error(ErrorCode::kBadData,
                  fmt::format("{}: found no examples after the header", file_));
    }
    Schema schema = MakeSchema(columns_);
    if (labelled_) schema.classes = classes_.Finish(builder_.labels());
    return builder_.Finish(std::move(schema));
  }

 private:
  // The row at `p`, if it is a plain one of bytes; returns where the next row starts, or null.
  const char* AddByteRow(const char* p, uint64_t row) {
    CheckRoom(row);
    uint8_t* to = builder_.NextBytes();
    size_t features = columns_.features();
    uint32_t label = 0;
    if (columns_.label) {
      const size_t before = *columns_.label;
      p = ParseByteFields(p, before, to);
      if (p == nullptr) return nullptr;
      to += before;
      features -= before;
      p = ParseLabel(p, features > 0 ? ',' : '\n', &label);
      if (p == nullptr) return nullptr;
    }
    if (features > 0) {
      p = ParseByteFields(p, features - 1, to);
      if (p == nullptr) return nullptr;
      uint32_t last = 0;
      p = ParseSmallField(p, '\n', &last);
      if (p == nullptr || last > 255) return nullptr;
      to[features - 1] = static_cast<uint8_t>(last);
    }
    builder_.Append(label);
    return p;
  }

  const char* ParseLabel(const char* p, char terminator, uint32_t* label) const {
    if (!labelled_) {
      while (*p != ',' && *p != '\n') ++p;
      return *p == terminator ? p + 1 : nullptr;
    }
    uint32_t value = 0;
    p = ParseSmallField(p, terminator, &value);
    if (p == nullptr) return nullptr;
    *label = classes_.FindSmall(value);
    return *label != ClassIndex::kNone ? p : nullptr;
  }

  // Any row.
  void AddRow(std::string_view line, uint64_t row) {
    if (line.empty()) {
      if (empty_row_ == 0) empty_row_ = row;
      return;
    }
    if (empty_row_ != 0) {
      ThrowBadRow(file_, empty_row_,
                  fmt::format("found an empty line with rows after it, expected {} fields",
                              columns_.count));
    }
    CheckRoom(row);
    const auto count = 1 + static_cast<size_t>(std::count(line.begin(), line.end(), ','));
    if (count != columns_.count) {
      CheckQuotes(line, row);
      ThrowBadRow(file_, row,
                  fmt::format("found {} field{}, expected {} (as in the first row)", count,
                              count == 1 ? "" : "s", columns_.count));
    }
    if (builder_.type() == ElementType::kU8 && ParseRow(line, row, builder_.NextBytes())) return;
    if (builder_.type() == ElementType::kU8) builder_.Widen();
    ParseRow(line, row, builder_.NextFloats());
  }

  // Appends a row that has the right number of fields; false, and nothing appended, at a value that
  // T cannot hold.
  template <class T>
  bool ParseRow(std::string_view line, uint64_t row, T* to) {
    uint32_t label = 0;
    std::string_view rest = line;
    for (size_t column = 0; column < columns_.count; ++column) {
      const std::string_view field = rest.substr(0, rest.find(','));
      if (column + 1 < columns_.count) rest.remove_prefix(field.size() + 1);
      if (columns_.label == column) {
        if (labelled_) label = LabelOf(field, column, line, row);
        continue;
      }
      float value = 0;
      const NumberError error = ParseNumber(field, &value);
      if (error != NumberError::kNone) ThrowBadField(field, column, line, row, Expected(error));
      if constexpr (std::is_same_v<T, uint8_t>) {
        const std::optional<uint8_t> byte = ToByte(value);
        if (!byte) return false;
        *to++ = *byte;
      } else {
        *to++ = value;
      }
    }
    builder_.Append(label);
    return true;
  }

  uint32_t LabelOf(std::string_view field, size_t column, std::string_view line, uint64_t row) {
    const std::optional<uint32_t> label = classes_.Find(field);
    if (!label) ThrowBadField(field, column, line, row, classes_.Expected(field));
    return *label;
  }

  void CheckRoom(uint64_t row) const {
    if (!builder_.full()) return;
    ThrowBadRow(file_, row, fmt::format("found more than {} examples", kMaxExamples));
  }

  void CheckQuotes(std::string_view line, uint64_t row) const {
    if (line.find('"') == std::string_view::npos) return;
    ThrowBadRow(file_, row, "found a quotation mark, expected plain fields separated by commas");
  }

  [[noreturn]] void ThrowBadField(std::string_view field, size_t column, std::string_view line,
                                  uint64_t row, std::string_view expected) const {
    CheckQuotes(line, row);
    const std::string name =
        columns_.header ? fmt::format(" ({})", Quoted(columns_.names[column])) : "";
    ThrowBadRow(file_, row,
                fmt::format("column {}{}: found {}, expected {}", column + 1, name, Quoted(field),
                            expected));
  }

  const std::string& file_;
  const CsvColumns columns_;
  const bool labelled_;
  ClassIndex classes_;
  DatasetBuilder builder_;
  uint64_t empty_row_ = 0;  // number of the first empty line; 0: none yet
};

}  // namespace

Dataset ReadCsvInPieces(const std::filesystem::path& file, const CsvOptions& options,
                        size_t piece) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  InputFile input(file);
  LineReader reader(input, piece);
  uint64_t row = 1;
  std::string_view lines = reader.Next(row);
  if (lines.starts_with(kByteOrderMark)) lines.remove_prefix(kByteOrderMark.size());
  if (lines.empty()) {
    throw Error(ErrorCode::kBadData,
                fmt::format("{}: found an empty file, expected a table of numbers", input.name()));
  }
  const size_t first_size = lines.find('\n') + 1;
  const std::string_view first = WithoutLineEnd(lines.substr(0, first_size));
  if (first.empty()) {
    ThrowBadRow(input.name(), row, "found an empty line, expected a table of numbers");
  }
  CsvColumns columns = ResolveColumns(input.name(), first, options);
  if (columns.header) {
    lines.remove_prefix(first_size);
    ++row;
    if (lines.empty()) lines = reader.Next(row);
  }
  const size_t max_rows = MaxRows(input.size(), columns.count);
  TableReader table(input.name(), std::move(columns), options.like, max_rows);
  for (; !lines.empty(); lines = reader.Next(row)) row = table.Add(lines, row);
  return table.Finish();
}

Dataset ReadCsv(const std::filesystem::path& file, const CsvOptions& options) {
  return ReadCsvInPieces(file, options, kPiece);
}

}  // namespace colonnade
