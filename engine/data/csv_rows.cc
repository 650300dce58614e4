#include "engine/data/csv_rows.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <type_traits>

#include "engine/data/csv_number.h"
#include "kernels/csv_decode.h"

namespace colonnade {
RowDecoder::RowDecoder(char separator, const CsvColumns& columns, SharedClasses& classes)
    : separator_(separator),
      columns_(columns),
      labelled_(columns.label && columns.read_labels),
      classes_(classes),
      scratch_(kernels::ByteRowScratch(columns.count)),
      values_(columns.features()) {
  small_labels_.fill(ClassIndex::kNone);
}

RowsResult RowDecoder::Decode(std::string_view lines, size_t count, size_t first,
                              DatasetBuilder& builder) {
  if (builder.type() == ElementType::kF32) return DecodeNumbers<float>(lines, first, builder);
  if (DecodeBytes(lines, count, first, builder)) return RowsResult::kDone;
  return DecodeNumbers<uint8_t>(lines, first, builder);
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
  if (!labelled_) return true;
  uint32_t* const labels = builder.LabelOf(first);
  for (size_t row = 0; row < count; ++row) {
    uint32_t& index = small_labels_[byte_labels_[row]];
    if (index == ClassIndex::kNone) {
      const std::optional<uint32_t> found = classes_.Find(std::to_string(byte_labels_[row]));
      if (!found) return false;
      index = *found;
    }
    labels[row] = index;
  }
  return true;
}

template <class T>
RowsResult RowDecoder::DecodeNumbers(std::string_view lines, size_t first,
                                     DatasetBuilder& builder) {
  const size_t features = columns_.features();
  for (size_t example = first; !lines.empty(); ++example) {
    const size_t end = lines.find('\n');
    std::string_view line = lines.substr(0, end);
    lines.remove_prefix(end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    float* to = values_.data();
    for (size_t column = 0; column < columns_.count; ++column) {
      const size_t stop = line.find(separator_);
      if ((stop == std::string_view::npos) != (column + 1 == columns_.count)) {
        return RowsResult::kNotPlain;
      }
      const std::string_view field = line.substr(0, stop);
      if (column + 1 < columns_.count) line.remove_prefix(stop + 1);
      if (columns_.label != column) {
        if (ParseNumber(field, to++) != NumberError::kNone) return RowsResult::kNotPlain;
      } else if (field.find('"') != std::string_view::npos) {
        return RowsResult::kNotPlain;
      } else if (labelled_) {
        const std::optional<uint32_t> label = classes_.Find(field);
        if (!label) return RowsResult::kNotPlain;
        *builder.LabelOf(example) = *label;
      }
    }
    if constexpr (std::is_same_v<T, uint8_t>) {
      uint8_t* const bytes = builder.BytesOf(example);
      for (size_t i = 0; i < features; ++i) {
        const std::optional<uint8_t> byte = ToByte(values_[i]);
        if (!byte) return RowsResult::kNotBytes;
        bytes[i] = *byte;
      }
      std::fill(bytes + features, bytes + builder.stride(), uint8_t{0});
    } else {
      float* const floats = builder.FloatsOf(example);
      std::copy(values_.begin(), values_.end(), floats);
      std::fill(floats + features, floats + builder.stride(), 0.0F);
    }
  }
  return RowsResult::kDone;
}

}  // namespace colonnade
