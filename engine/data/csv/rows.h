// SPDX-License-Identifier: Apache-2.0
// The rows of a table in memory, before they become a dataset.
#ifndef COLONNADE_ENGINE_DATA_CSV_ROWS_H_
#define COLONNADE_ENGINE_DATA_CSV_ROWS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "engine/data/csv/judge.h"
#include "engine/data/csv/plan.h"
#include "engine/data/dataset_builder.h"

namespace colonnade {

// One row of inputs, in the sense of TablePlan, after the other, and what else a row has. There is
// room for `capacity` rows; different rows may be written by different threads.
class TableRows {
 public:
  TableRows(const TablePlan& plan, size_t capacity);

  size_t capacity() const { return builder_.capacity(); }
  ElementType type() const { return builder_.type(); }
  DatasetBuilder& builder() { return builder_; }

  // rows: that have been written, or will be, up to now.
  void Reserve(size_t capacity, size_t rows);
  void Widen(size_t rows);

  // False where a value is no byte, and the type is that of bytes.
  bool Write(size_t row, const RowValues& values);
  // All but the inputs.
  void WriteRest(size_t row, const RowValues& values);

  // Moves rows [from, from + count) to the lower place `to`.
  void Move(size_t from, size_t to, size_t count);

  double* wide(size_t input) { return wide_[input].data(); }
  const std::vector<AlignedBuffer<double>>& wide() const { return wide_; }
  AlignedBuffer<double>& targets() { return targets_; }
  AlignedBuffer<float>& weights() { return weights_; }
  AlignedBuffer<uint32_t>& groups() { return groups_; }
  AlignedBuffer<double>& times() { return times_; }

 private:
  const TablePlan& plan_;
  LabelKind labels_;
  DatasetBuilder builder_;
  std::vector<AlignedBuffer<double>> wide_;  // of each input; empty where it is not wide
  std::vector<size_t> wide_inputs_;
  AlignedBuffer<double> targets_;
  AlignedBuffer<float> weights_;
  AlignedBuffer<uint32_t> groups_;
  AlignedBuffer<double> times_;
};

LabelKind LabelsOf(const TablePlan& plan);

// What is known of a column when all rows have been read.
struct ColumnTally {
  uint64_t missing = 0;
  std::vector<uint64_t> counts = {};  // of text: rows by code
  bool index = false;                 // it counts the rows
  // Of dates, the least and the most: which parts of them vary.
  double first_weekday = 7, last_weekday = -1;
  double first_hour = 24, last_hour = -1;
};

// What is known of all rows.
struct TableTally {
  explicit TableTally(const TablePlan& plan);

  // Adds a row that was taken.
  void Add(const TablePlan& plan, const RowValues& values);
  // Adds those of another thread.
  void Add(const TableTally& other);

  std::vector<ColumnTally> columns;
  // Inputs that are text, or dates, and their columns.
  std::vector<std::pair<size_t, size_t>> texts = {};
  std::vector<std::pair<size_t, size_t>> dates = {};
  uint64_t rows = 0;
  uint64_t dropped = 0;
  uint64_t incomplete = 0;
  uint64_t spanning = 0;                 // rows with a field in quotes that spans lines
  uint64_t first_spanning = UINT64_MAX;  // the line of the first of these
  uint64_t unknown = 0;                  // rows with a category that is none of the known ones
  bool positive = false;                 // a weight is above 0
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_CSV_ROWS_H_
