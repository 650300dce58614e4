// SPDX-License-Identifier: Apache-2.0
#include "engine/data/csv_expand.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace colonnade {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

// The features of one example, NaN where they are missing.
void Expand(const Dataset::Storage& inputs, size_t example, const std::vector<size_t>& widths,
            const std::vector<std::vector<uint32_t>>& places, float* to) {
  for (size_t i = 0; i < widths.size(); ++i) {
    const size_t at = example * inputs.stride + i;
    const float value = inputs.type == ElementType::kU8 ? inputs.bytes[at] : inputs.floats[at];
    if (widths[i] == 0) {
      *to++ = value;
      continue;
    }
    std::fill_n(to, widths[i], std::isnan(value) ? kNan : 0.0F);
    if (value >= 0) {
      const auto index = static_cast<size_t>(value);
      to[places.empty() ? index : places[i][index]] = 1;
    }
    to += widths[i];
  }
}

}  // namespace

DatasetBuilder ExpandInputs(const Dataset::Storage& inputs, const std::vector<size_t>& widths,
                            const std::vector<std::vector<uint32_t>>& places,
                            std::vector<float>* means) {
  const size_t features =
      std::accumulate(widths.begin(), widths.end(), size_t{0},
                      [](size_t sum, size_t width) { return sum + std::max<size_t>(width, 1); });
  std::vector<float> values(features);
  if (means != nullptr && means->empty()) {
    std::vector<double> sums(features);
    std::vector<size_t> counts(features);
    for (size_t e = 0; e < inputs.examples; ++e) {
      Expand(inputs, e, widths, places, values.data());
      for (size_t f = 0; f < features; ++f) {
        if (std::isnan(values[f])) continue;
        sums[f] += static_cast<double>(values[f]);
        ++counts[f];
      }
    }
    for (size_t f = 0; f < features; ++f) {
      means->push_back(
          static_cast<float>(sums[f] / static_cast<double>(std::max<size_t>(counts[f], 1))));
    }
  }
  DatasetBuilder builder(features, LabelKind::kNone, inputs.examples);
  for (size_t e = 0; e < inputs.examples; ++e) {
    Expand(inputs, e, widths, places, values.data());
    for (size_t f = 0; means != nullptr && f < features; ++f) {
      if (std::isnan(values[f])) values[f] = (*means)[f];
    }
    builder.Add(values);
  }
  return builder;
}

}  // namespace colonnade
