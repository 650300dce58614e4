// SPDX-License-Identifier: Apache-2.0
#include "engine/data/csv/rows.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "engine/data/csv/date.h"

namespace colonnade {
namespace {

template <class T>
void Enlarge(AlignedBuffer<T>* buffer, size_t rows, size_t capacity) {
  AlignedBuffer<T> larger(capacity);
  const size_t used = std::min(rows, buffer->size());
  if (used > 0) std::memcpy(larger.data(), buffer->data(), used * sizeof(T));
  *buffer = std::move(larger);
}

template <class T>
void MoveIn(AlignedBuffer<T>& buffer, size_t from, size_t to, size_t count, size_t each = 1) {
  if (buffer.size() == 0) return;
  std::memmove(buffer.data() + to * each, buffer.data() + from * each, count * each * sizeof(T));
}

// Whether the rows surely are not those of the dataset.
bool AreExpanded(const TablePlan& plan) {
  return std::ranges::any_of(
      plan.inputs, [&](size_t column) { return plan.columns[column].reading != Reading::kNumber; });
}

}  // namespace

LabelKind LabelsOf(const TablePlan& plan) {
  if (!plan.label || !plan.read_labels) return LabelKind::kNone;
  return plan.targets ? LabelKind::kTargets : LabelKind::kCodes;
}

TableRows::TableRows(const TablePlan& plan, size_t capacity)
    : plan_(plan),
      labels_(LabelsOf(plan)),
      builder_(plan.inputs.size(), labels_, capacity, /*packed=*/AreExpanded(plan)),
      wide_(plan.inputs.size()) {
  for (size_t i = 0; i < plan.inputs.size(); ++i) {
    const ColumnPlan& column = plan.columns[plan.inputs[i]];
    if (column.wide || column.reading == Reading::kDate) wide_inputs_.push_back(i);
  }
  Reserve(builder_.capacity(), 0);
}

void TableRows::Reserve(size_t capacity, size_t rows) {
  builder_.Take(std::min(rows, builder_.capacity()));
  if (capacity > builder_.capacity()) builder_.Reserve(capacity);
  for (const size_t input : wide_inputs_) Enlarge(&wide_[input], rows, capacity);
  if (labels_ == LabelKind::kTargets) Enlarge(&targets_, rows, capacity);
  if (plan_.weight) Enlarge(&weights_, rows, capacity);
  if (plan_.group) Enlarge(&groups_, rows, capacity);
  if (plan_.time) Enlarge(&times_, rows, capacity);
}

void TableRows::Widen(size_t rows) {
  builder_.Take(rows);
  builder_.Widen();
}

bool TableRows::Write(size_t row, const RowValues& values) {
  const size_t inputs = values.inputs.size();
  if (type() == ElementType::kU8) {
    uint8_t* const to = builder_.BytesOf(row);
    for (size_t i = 0; i < inputs; ++i) {
      const std::optional<uint8_t> byte = ToByte(values.inputs[i]);
      if (!byte) return false;
      to[i] = *byte;
    }
    std::fill(to + inputs, to + builder_.stride(), uint8_t{0});
  } else {
    float* const to = builder_.FloatsOf(row);
    std::copy(values.inputs.begin(), values.inputs.end(), to);
    std::fill(to + inputs, to + builder_.stride(), 0.0F);
  }
  WriteRest(row, values);
  return true;
}

void TableRows::WriteRest(size_t row, const RowValues& values) {
  for (const size_t input : wide_inputs_) wide_[input][row] = values.wide[input];
  if (labels_ == LabelKind::kCodes) *builder_.CodeOf(row) = values.code;
  if (labels_ == LabelKind::kTargets) {
    *builder_.TargetOf(row) = values.target;
    targets_[row] = values.exact_target;
  }
  if (plan_.weight) weights_[row] = values.weight;
  if (plan_.group) groups_[row] = values.group;
  if (plan_.time) times_[row] = values.time;
}

void TableRows::Move(size_t from, size_t to, size_t count) {
  if (from == to || count == 0) return;
  const size_t stride = builder_.stride();
  if (type() == ElementType::kU8) {
    std::memmove(builder_.BytesOf(to), builder_.BytesOf(from), count * stride);
  } else {
    std::memmove(builder_.FloatsOf(to), builder_.FloatsOf(from), count * stride * sizeof(float));
  }
  if (labels_ == LabelKind::kCodes) {
    std::memmove(builder_.CodeOf(to), builder_.CodeOf(from), count * sizeof(uint32_t));
  } else if (labels_ == LabelKind::kTargets) {
    std::memmove(builder_.TargetOf(to), builder_.TargetOf(from), count * sizeof(float));
  }
  for (AlignedBuffer<double>& wide : wide_) MoveIn(wide, from, to, count);
  MoveIn(targets_, from, to, count);
  MoveIn(weights_, from, to, count);
  MoveIn(groups_, from, to, count);
  MoveIn(times_, from, to, count);
}

TableTally::TableTally(const TablePlan& plan) : columns(plan.columns.size()) {
  for (size_t i = 0; i < plan.inputs.size(); ++i) {
    const size_t column = plan.inputs[i];
    const Reading reading = plan.columns[column].reading;
    if (reading == Reading::kText) texts.emplace_back(i, column);
    if (reading == Reading::kDate) dates.emplace_back(i, column);
  }
}

void TableTally::Add(const TablePlan& plan, const RowValues& values) {
  ++rows;
  for (const uint32_t column : values.missing) ++columns[column].missing;
  const auto count = [](uint32_t code, ColumnTally* tally) {
    if (code >= tally->counts.size()) {
      tally->counts.resize(std::max<size_t>(code + size_t{1}, 2 * tally->counts.size()));
    }
    ++tally->counts[code];
  };
  for (const auto& [input, column] : texts) {
    const float code = values.inputs[input];
    if (code >= 0) count(static_cast<uint32_t>(code), &columns[column]);
  }
  for (const auto& [input, column] : dates) {
    if (std::isnan(values.inputs[input])) continue;
    ColumnTally& tally = columns[column];
    const double weekday = WeekdayOf(values.wide[input]);
    const double hour = HourOf(values.wide[input]);
    tally.first_weekday = std::min(tally.first_weekday, weekday);
    tally.last_weekday = std::max(tally.last_weekday, weekday);
    tally.first_hour = std::min(tally.first_hour, hour);
    tally.last_hour = std::max(tally.last_hour, hour);
  }
  if (LabelsOf(plan) == LabelKind::kCodes) count(values.code, &columns[*plan.label]);
  incomplete += values.incomplete ? 1U : 0U;
  unknown += values.unknown ? 1U : 0U;
  positive |= values.weight > 0;
}

void TableTally::Add(const TableTally& other) {
  for (size_t i = 0; i < columns.size(); ++i) {
    ColumnTally& to = columns[i];
    const ColumnTally& from = other.columns[i];
    to.missing += from.missing;
    to.first_weekday = std::min(to.first_weekday, from.first_weekday);
    to.last_weekday = std::max(to.last_weekday, from.last_weekday);
    to.first_hour = std::min(to.first_hour, from.first_hour);
    to.last_hour = std::max(to.last_hour, from.last_hour);
    if (to.counts.size() < from.counts.size()) to.counts.resize(from.counts.size());
    for (size_t k = 0; k < from.counts.size(); ++k) to.counts[k] += from.counts[k];
  }
  rows += other.rows;
  dropped += other.dropped;
  spanning += other.spanning;
  first_spanning = std::min(first_spanning, other.first_spanning);
  incomplete += other.incomplete;
  unknown += other.unknown;
  positive |= other.positive;
}

}  // namespace colonnade
