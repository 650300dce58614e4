// SPDX-License-Identifier: Apache-2.0
#include "engine/data/csv/column_sample.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_set>

#include "engine/data/csv/number.h"

namespace colonnade {

bool ColumnSample::NeedsDouble() const {
  if (numbers == 0) return false;
  const double most = std::max(std::abs(low), std::abs(high));
  // All that the full column can show, the sample shows to a part: offsets help where the range is
  // small, and are needed where a step is not much above the distance between floats.
  if (most < 15 * (high - low)) return false;
  const double step = std::pow(10.0, -static_cast<double>(std::min<size_t>(decimals, 300)));
  const double distance = most * std::numeric_limits<float>::epsilon();
  return distance > step / 16;
}

size_t ColumnSample::Different() const {
  return std::unordered_set<std::string_view>(values.begin(), values.end()).size();
}

ColumnSample SampleOf(const Opening& opening, size_t column, const MissingTest& missing) {
  constexpr size_t kMostRows = 20000;
  constexpr size_t kCountedRows = 10;  // that show an index
  ColumnSample sample;
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  const size_t rows = std::min(opening.rows.size(), kMostRows);
  bool counts = opening.first_rows >= kCountedRows;
  double start = 0;
  double value = 0;  // of the text before, which often comes again
  NumberError error = NumberError::kNone;
  for (size_t r = 0; r < rows; ++r) {
    const SampleField& field = opening.rows[r][column];
    if (missing.InText(field.text, field.quoted) || missing.InNumbers(field.text)) {
      ++sample.missing;
      counts = false;
      continue;
    }
    sample.quoted |= field.quoted;
    if (sample.values.empty() || field.text != sample.values.back()) {
      error = ParseNumber(field.text, &value);
    }
    sample.values.push_back(field.text);
    if (error == NumberError::kNotANumber) {
      counts = false;
      continue;
    }
    ++sample.numbers;
    if (error != NumberError::kNone) continue;
    low = std::min(low, value);
    high = std::max(high, value);
    const bool whole = value == std::floor(value);
    sample.fraction |= !whole;
    sample.huge |= whole && std::abs(value) >= 0x1p53;
    sample.bytes &= whole && value >= 0 && value <= 255;
    if (r == 0) start = value;
    if (r < opening.first_rows) counts &= value == start + static_cast<double>(r);
    const size_t point = field.text.find('.');
    if (point != std::string_view::npos) {
      sample.decimals = std::max(sample.decimals, field.text.size() - point - 1);
    }
  }
  sample.low = sample.numbers == 0 ? 0 : low;
  sample.high = sample.numbers == 0 ? 0 : high;
  sample.counts = counts && sample.texts() == 0 && (start == 0 || start == 1);
  return sample;
}

}  // namespace colonnade
