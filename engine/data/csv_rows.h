// SPDX-License-Identifier: Apache-2.0
// Decoding whole lines of plain numbers into the columns of a dataset.
#ifndef COLONNADE_ENGINE_DATA_CSV_ROWS_H_
#define COLONNADE_ENGINE_DATA_CSV_ROWS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/data/class_index.h"
#include "engine/data/csv_columns.h"
#include "engine/data/dataset_builder.h"

namespace colonnade {

// The classes, for several threads.
class SharedClasses {
 public:
  SharedClasses(const std::vector<std::string>* known, Task task) : classes_(known, task) {}

  std::optional<uint32_t> Find(std::string_view label) {
    const std::lock_guard lock(mutex_);
    return classes_.Find(label);
  }

  // When all threads are done.
  ClassIndex& classes() { return classes_; }

 private:
  std::mutex mutex_;
  ClassIndex classes_;
};

enum class RowsResult {
  kDone,
  kNotBytes,  // plain numbers as far as it looked, but not all integers 0..255
  kNotPlain,
};

// One thread's decoder of rows.
class RowDecoder {
 public:
  // Keeps references.
  RowDecoder(char separator, const CsvColumns& columns, SharedClasses& classes);

  // Decodes `count` lines, each with its '\n', to the examples `first` and on of `builder`, which
  // has the capacity for them, in its type. Where the result is another than kDone, these examples
  // mean nothing. Reads up to ChunkReader::kSlack bytes before and after the lines.
  RowsResult Decode(std::string_view lines, size_t count, size_t first, DatasetBuilder& builder);

 private:
  // Inputs whose columns follow each other.
  struct Run {
    size_t column;  // the first
    size_t count;
  };

  bool DecodeBytes(std::string_view lines, size_t count, size_t first, DatasetBuilder& builder);
  bool DecodeNumbers(std::string_view lines, size_t count, size_t first, DatasetBuilder& builder,
                     bool* bytes);
  bool DecodeRow(const char* text, size_t begin, const uint32_t* ends, float* to, size_t example,
                 DatasetBuilder& builder);
  bool DecodeLabel(std::string_view field, size_t example, DatasetBuilder& builder);
  bool DecodeFields(const char* text, size_t begin, const uint32_t* ends, size_t count, float* to);
  bool MayIgnore(std::string_view field) const;
  std::optional<uint32_t> CodeOf(std::string_view field);

  const char separator_;
  const CsvColumns& columns_;
  const LabelKind labels_;
  SharedClasses& classes_;
  std::vector<Run> runs_;
  std::array<uint32_t, 256> small_codes_;  // of the labels "0" to "255", as far as they occurred
  std::vector<uint8_t> scratch_;
  std::vector<uint8_t> byte_labels_;
  std::vector<float> values_;         // of one row
  std::unique_ptr<uint32_t[]> ends_;  // of the fields
  size_t ends_capacity_ = 0;
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_CSV_ROWS_H_
