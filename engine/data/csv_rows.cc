// SPDX-License-Identifier: Apache-2.0
#include "engine/data/csv_rows.h"

#include <algorithm>
#include <string>

#include "engine/data/csv_chunk.h"
#include "engine/data/csv_dialect.h"
#include "engine/data/csv_number.h"
#include "kernels/csv_decode.h"
#include "kernels/csv_numbers.h"

namespace colonnade {
namespace {

// Without what may stand around a field.
std::string_view Trimmed(std::string_view field, char separator) {
  while (!field.empty() && IsPadding(field.front(), separator)) field.remove_prefix(1);
  while (!field.empty() && IsPadding(field.back(), separator)) field.remove_suffix(1);
  return field;
}

// Whether the exact parser sees the same field: no quotes, no spaces in it.
bool IsPlain(std::string_view field) {
  return !field.empty() && std::all_of(field.begin(), field.end(), [](char c) {
    return static_cast<unsigned char>(c) > ' ' && c != '"';
  });
}

}  // namespace

static_assert(ChunkReader::kSlack >= kernels::kNumberSlack);

RowDecoder::RowDecoder(char separator, const CsvColumns& columns, SharedClasses& classes)
    : separator_(separator),
      columns_(columns),
      labels_(columns.labels()),
      classes_(classes),
      scratch_(kernels::ByteRowScratch(columns.count)),
      values_(columns.features()) {
  small_codes_.fill(ClassIndex::kNone);
  for (const InputColumn& input : columns.inputs) {
    if (runs_.empty() || runs_.back().column + runs_.back().count != input.column) {
      runs_.push_back({input.column, 0});
    }
    ++runs_.back().count;
  }
}

RowsResult RowDecoder::Decode(std::string_view lines, size_t count, size_t first,
                              DatasetBuilder& builder) {
  bool bytes = builder.type() == ElementType::kU8;
  if (bytes && columns_.ignored.empty() && DecodeBytes(lines, count, first, builder))
    return RowsResult::kDone;
  const bool wanted = bytes;
  if (DecodeNumbers(lines, count, first, builder, &bytes)) return RowsResult::kDone;
  return bytes == wanted ? RowsResult::kNotPlain : RowsResult::kNotBytes;
}

bool RowDecoder::DecodeBytes(std::string_view lines, size_t count, size_t first,
                             DatasetBuilder& builder) {
  const size_t line = lines.find('\n');
  const kernels::ByteRows rows = {.columns = columns_.count,
                                  .label = columns_.label.value_or(columns_.count),
                                  .separator = separator_,
                                  .crlf = line > 0 && lines[line - 1] == '\r'};
  byte_labels_.resize(count);
  if (!kernels::DecodeByteRows(lines.data(), lines.size(), rows, count, builder.BytesOf(first),
                               builder.stride(), byte_labels_.data(), scratch_.data())) {
    return false;
  }
  if (labels_ == LabelKind::kNone) return true;
  if (labels_ == LabelKind::kTargets) {
    std::copy_n(byte_labels_.data(), count, builder.TargetOf(first));
    return true;
  }
  uint32_t* const codes = builder.CodeOf(first);
  for (size_t row = 0; row < count; ++row) {
    uint32_t& code = small_codes_[byte_labels_[row]];
    if (code == ClassIndex::kNone) {
      const std::optional<uint32_t> found = classes_.Find(std::to_string(byte_labels_[row]));
      if (!found) return false;
      code = *found;
    }
    codes[row] = code;
  }
  return true;
}

// The same for rows of any plain numbers. *bytes becomes false where one of them is not an integer
// 0..255, and the builder wants such.
bool RowDecoder::DecodeNumbers(std::string_view lines, size_t count, size_t first,
                               DatasetBuilder& builder, bool* bytes) {
  const size_t capacity = kernels::FieldEndsCapacity(lines.size());
  if (capacity > ends_capacity_) {
    ends_ = std::make_unique_for_overwrite<uint32_t[]>(capacity);
    ends_capacity_ = capacity;
  }
  const char* const text = lines.data();
  const size_t fields = kernels::FindFieldEnds(text, lines.size(), separator_, ends_.get());
  if (fields != count * columns_.count) return false;
  const size_t features = columns_.features();
  uint32_t* ends = ends_.get();
  size_t begin = 0;
  for (size_t example = first; example < first + count; ++example, ends += columns_.count) {
    // There are `count` line ends: where each is the last end of a row, none is within one.
    uint32_t& last = ends[columns_.count - 1];
    if (text[last] != '\n') return false;
    const size_t next = last + size_t{1};
    if (last > begin && text[last - 1] == '\r') --last;
    float* const to = *bytes ? values_.data() : builder.FloatsOf(example);
    if (!DecodeRow(text, begin, ends, to, example, builder)) return false;
    if (*bytes) {
      uint8_t* const narrow = builder.BytesOf(example);
      for (size_t i = 0; i < features; ++i) {
        const std::optional<uint8_t> byte = ToByte(to[i]);
        if (!byte) {
          *bytes = false;
          return false;
        }
        narrow[i] = *byte;
      }
      std::fill(narrow + features, narrow + builder.stride(), uint8_t{0});
    } else {
      std::fill(to + features, to + builder.stride(), 0.0F);
    }
    begin = next;
  }
  return true;
}

// Writes the values to `to`, and the label, if it is wanted, to the builder.
bool RowDecoder::DecodeRow(const char* text, size_t begin, const uint32_t* ends, float* to,
                           size_t example, DatasetBuilder& builder) {
  const auto begin_of = [&](size_t column) {
    return column == 0 ? begin : ends[column - 1] + size_t{1};
  };
  const auto field_of = [&](size_t column) {
    return Trimmed({text + begin_of(column), ends[column] - begin_of(column)}, separator_);
  };
  for (const Run& run : runs_) {
    if (!DecodeFields(text, begin_of(run.column), ends + run.column, run.count, to)) return false;
    to += run.count;
  }
  for (const size_t column : columns_.ignored) {
    if (!MayIgnore(field_of(column))) return false;
  }
  if (!columns_.label) return true;
  const std::string_view field = field_of(*columns_.label);
  return IsPlain(field) && DecodeLabel(field, example, builder);
}

bool RowDecoder::DecodeLabel(std::string_view field, size_t example, DatasetBuilder& builder) {
  if (labels_ == LabelKind::kNone) return true;
  if (labels_ == LabelKind::kTargets) {
    return ParseNumber(field, builder.TargetOf(example)) == NumberError::kNone;
  }
  const std::optional<uint32_t> code = CodeOf(field);
  if (code) *builder.CodeOf(example) = *code;
  return code.has_value();
}

// Whether the exact parser sees the same field, whatever is in it.
bool RowDecoder::MayIgnore(std::string_view field) const {
  return separator_ == ' ' ? IsPlain(field) : !field.starts_with('"');
}

bool RowDecoder::DecodeFields(const char* text, size_t begin, const uint32_t* ends, size_t count,
                              float* to) {
  for (size_t i = 0;;) {
    i += kernels::DecodeNumbers(text, begin, ends + i, count - i, to + i);
    if (i == count) return true;
    // One that is long, has an exponent, or spaces around it.
    if (i > 0) begin = ends[i - 1] + size_t{1};
    const std::string_view field = Trimmed({text + begin, ends[i] - begin}, separator_);
    if (ParseNumber(field, to + i) != NumberError::kNone) return false;
    begin = ends[i++] + size_t{1};
  }
}

std::optional<uint32_t> RowDecoder::CodeOf(std::string_view field) {
  if (field.size() != 1 || field[0] < '0' || field[0] > '9') return classes_.Find(field);
  uint32_t& code = small_codes_[static_cast<size_t>(field[0] - '0')];
  if (code == ClassIndex::kNone) code = classes_.Find(field).value_or(ClassIndex::kNone);
  return code == ClassIndex::kNone ? std::nullopt : std::optional(code);
}

}  // namespace colonnade
