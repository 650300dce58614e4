// SPDX-License-Identifier: Apache-2.0
#include "engine/data/offsets.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace colonnade {
namespace {

// How many neighbours among ascending numbers f32 does not tell apart.
size_t CountMerged(std::span<const double> ascending, double offset) {
  size_t merged = 0;
  for (size_t i = 1; i < ascending.size(); ++i) {
    const auto before = static_cast<float>(ascending[i - 1] - offset);
    if (before == static_cast<float>(ascending[i] - offset)) ++merged;
  }
  return merged;
}

double RoundedMiddle(double low, double high) {
  const double unit = std::scalbn(1.0, std::ilogb(high - low) - 4);
  return std::round((low + (high - low) / 2) / unit) * unit;
}

}  // namespace

bool HasOffsets(const Schema& schema) {
  return schema.target_offset != 0 ||
         std::ranges::any_of(schema.offsets, [](double offset) { return offset != 0; });
}

void OffsetFilter::Add(double value) {
  if (!std::isfinite(value)) return;
  low = std::min(low, value);
  high = std::max(high, value);
  // Beyond the range of f32 the conversion would be undefined.
  inexact = inexact || std::fabs(value) > std::numeric_limits<float>::max() ||
            static_cast<double>(static_cast<float>(value)) != value;
}

void OffsetFilter::Add(const OffsetFilter& other) {
  low = std::min(low, other.low);
  high = std::max(high, other.high);
  inexact = inexact || other.inexact;
}

bool OffsetFilter::MayNeedOffset() const {
  if (!inexact || !(low < high)) return false;
  const double largest = std::max(std::fabs(low), std::fabs(high));
  return largest <= std::numeric_limits<float>::max() && largest >= 2 * (high - low);
}

std::optional<double> OffsetFor(std::span<const double> values) {
  OffsetFilter filter;
  for (const double value : values) filter.Add(value);
  if (!filter.MayNeedOffset()) return std::nullopt;
  std::vector<double> ascending(values.begin(), values.end());
  std::erase_if(ascending, [](double value) { return !std::isfinite(value); });
  std::ranges::sort(ascending);
  const auto repeated = std::ranges::unique(ascending);
  ascending.erase(repeated.begin(), repeated.end());
  const size_t merged = CountMerged(ascending, 0);
  if (merged == 0) return std::nullopt;
  const double offset = RoundedMiddle(filter.low, filter.high);
  return CountMerged(ascending, offset) < merged ? std::optional(offset) : std::nullopt;
}

void StoreTargets(std::span<const double> numbers, double offset, Dataset::Storage& to) {
  to.schema.target_offset = offset;
  to.targets = AlignedBuffer<float>(numbers.size());
  bool exact = true;
  for (size_t e = 0; e < numbers.size(); ++e) {
    to.targets[e] = static_cast<float>(numbers[e] - offset);
    exact = exact && static_cast<double>(to.targets[e]) + offset == numbers[e];
  }
  to.exact_targets = AlignedBuffer<double>(exact ? 0 : numbers.size());
  if (!exact) std::ranges::copy(numbers, to.exact_targets.data());
}

}  // namespace colonnade
