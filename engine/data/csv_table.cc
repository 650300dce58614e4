#include "engine/data/csv_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "colonnade/error.h"
#include "engine/data/csv_bytes.h"
#include "engine/data/csv_number.h"
#include "engine/data/csv_text.h"

namespace colonnade {

CsvTable::CsvTable(const std::string& file, const CsvDialect& dialect, CsvColumns columns,
                   const Schema* like, size_t max_rows)
    : file_(file),
      dialect_(dialect),
      columns_(std::move(columns)),
      labelled_(columns_.label && columns_.read_labels),
      parser_(dialect.separator, dialect.comment),
      classes_(like != nullptr ? &like->classes : nullptr, columns_.task),
      builder_(columns_.features(), labelled_, max_rows),
      values_(columns_.features()),
      header_pending_(columns_.header) {}

size_t CsvTable::Add(std::string_view lines) {
  const char* p = lines.data();
  const char* const end = p + lines.size();
  open_ = false;
  while (p < end) {
    if (empty_row_ == 0 && !header_pending_ && builder_.type() == ElementType::kU8) {
      if (const char* next = AddByteRow(p)) {
        p = next;
        ++row_;
        continue;
      }
    }
    const RecordKind kind = parser_.Parse(p, end);
    open_ = kind == RecordKind::kOpen;
    if (open_) break;
    if (kind == RecordKind::kBlank && empty_row_ == 0) empty_row_ = row_;
    if (kind == RecordKind::kRow) {
      if (header_pending_) {
        header_pending_ = false;
      } else {
        AddRow();
      }
    }
    row_ += parser_.lines();
    p = parser_.next();
  }
  return static_cast<size_t>(p - lines.data());
}

Dataset CsvTable::Finish() {
  if (open_) ThrowOpenQuotes();
  if (builder_.examples() == 0) {
    throw Error(ErrorCode::kBadData, fmt::format("{}: found no examples after the header", file_));
  }
  Schema schema = MakeSchema(columns_);
  if (labelled_) schema.classes = classes_.Finish(builder_.labels());
  return builder_.Finish(std::move(schema));
}

// The row at `p`, if it is a plain one of bytes; returns where the next row starts, or null.
const char* CsvTable::AddByteRow(const char* p) {
  CheckRoom();
  uint8_t* to = builder_.NextBytes();
  size_t features = columns_.features();
  uint32_t label = 0;
  if (columns_.label) {
    const size_t before = *columns_.label;
    p = ParseByteFields(p, before, dialect_.separator, to);
    if (p == nullptr) return nullptr;
    to += before;
    features -= before;
    p = ParseLabel(p, features > 0 ? dialect_.separator : '\n', &label);
    if (p == nullptr) return nullptr;
  }
  if (features > 0) {
    p = ParseByteFields(p, features - 1, dialect_.separator, to);
    if (p == nullptr) return nullptr;
    uint32_t last = 0;
    p = ParseSmallField(p, '\n', &last);
    if (p == nullptr || last > 255) return nullptr;
    to[features - 1] = static_cast<uint8_t>(last);
  }
  builder_.Append(label);
  return p;
}

const char* CsvTable::ParseLabel(const char* p, char terminator, uint32_t* label) const {
  if (!labelled_) return SkipPlainField(p, terminator);
  uint32_t value = 0;
  p = ParseSmallField(p, terminator, &value);
  if (p == nullptr) return nullptr;
  *label = classes_.FindSmall(value);
  return *label != ClassIndex::kNone ? p : nullptr;
}

// A field that need not be read, if the exact parser would see the same one.
const char* CsvTable::SkipPlainField(const char* p, char terminator) const {
  const char* const begin = p;
  const auto plain = [&](char c) {
    return static_cast<unsigned char>(c) > ' ' && c != '"' && c != dialect_.separator &&
           c != dialect_.comment;
  };
  while (plain(*p)) ++p;
  return *p == terminator && p > begin ? p + 1 : nullptr;
}

// The row that parser_ has parsed.
void CsvTable::AddRow() {
  if (empty_row_ != 0) {
    ThrowBadRow(
        file_, empty_row_,
        fmt::format("found an empty line with rows after it, expected {} fields", columns_.count));
  }
  CheckRoom();
  CheckFieldCount();
  uint32_t label = 0;
  float* to = values_.data();
  for (size_t column = 0; column < columns_.count; ++column) {
    const CsvField& field = parser_.fields()[column];
    if (columns_.label == column) {
      if (labelled_) label = LabelOf(field, column);
      continue;
    }
    const NumberError error = ParseNumber(field.text, to++);
    if (error != NumberError::kNone) ThrowBadField(field, column, Expected(error));
  }
  Store(label);
}

// Appends values_, as bytes if they and all before them are.
void CsvTable::Store(uint32_t label) {
  if (builder_.type() == ElementType::kU8) {
    uint8_t* to = builder_.NextBytes();
    for (const float value : values_) {
      const std::optional<uint8_t> byte = ToByte(value);
      if (!byte) {
        builder_.Widen();
        break;
      }
      *to++ = *byte;
    }
  }
  if (builder_.type() == ElementType::kF32) {
    std::copy(values_.begin(), values_.end(), builder_.NextFloats());
  }
  builder_.Append(label);
}

uint32_t CsvTable::LabelOf(const CsvField& field, size_t column) {
  if (field.damaged) ThrowBadField(field, column, "");
  const std::optional<uint32_t> label = classes_.Find(field.text);
  if (!label) ThrowBadField(field, column, classes_.Expected(field.text));
  return *label;
}

void CsvTable::CheckRoom() const {
  if (!builder_.full()) return;
  ThrowBadRow(file_, row_, fmt::format("found more than {} examples", kMaxExamples));
}

void CsvTable::CheckFieldCount() const {
  const size_t count = parser_.count();
  if (count == columns_.count) return;
  ThrowBadRow(file_, row_,
              fmt::format("found {} field{}, expected {} (as in the first row)", count,
                          count == 1 ? "" : "s", columns_.count));
}

void CsvTable::ThrowOpenQuotes() const {
  const size_t column = parser_.count();
  ThrowBadRow(file_, row_ + parser_.lines() - 1,
              fmt::format("column {}{}: found quotes that are not closed, expected a closing "
                          "quotation mark",
                          column + 1, column < columns_.count ? NameOf(column) : ""));
}

void CsvTable::ThrowBadField(const CsvField& field, size_t column,
                             std::string_view expected) const {
  if (field.damaged) expected = "nothing between the closing quotation mark and the separator";
  ThrowBadRow(file_, row_ + field.line,
              fmt::format("column {}{}: found {}, expected {}", column + 1, NameOf(column),
                          Quoted(field.text), expected));
}

std::string CsvTable::NameOf(size_t column) const {
  return columns_.header ? fmt::format(" ({})", Quoted(columns_.names[column])) : "";
}

}  // namespace colonnade
