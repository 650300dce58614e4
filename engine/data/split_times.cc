// SPDX-License-Identifier: Apache-2.0
#include "engine/data/split_times.h"

#include <algorithm>
#include <iterator>

namespace colonnade {
namespace {

std::vector<double> Sorted(std::span<const double> times) {
  std::vector<double> sorted(times.begin(), times.end());
  std::ranges::sort(sorted);
  return sorted;
}

}  // namespace

size_t DistinctTimes(std::span<const double> times) {
  std::vector<double> sorted = Sorted(times);
  return sorted.size() - std::ranges::unique(sorted).size();
}

std::vector<size_t> CutByTime(std::span<const double> times, std::span<const size_t> cuts) {
  const std::vector<double> sorted = Sorted(times);
  std::vector<size_t> edges;  // where another time begins
  for (size_t i = 1; i < sorted.size(); ++i) {
    if (sorted[i] != sorted[i - 1]) edges.push_back(i);
  }
  std::vector<double> begins;  // of the parts but the first
  size_t taken = 0;            // edges
  for (size_t c = 0; c < cuts.size(); ++c) {
    const auto after = std::ranges::lower_bound(edges, cuts[c]);
    auto nearest = static_cast<size_t>(after - edges.begin());
    if (nearest == edges.size() ||
        (nearest > 0 && cuts[c] - edges[nearest - 1] < edges[nearest] - cuts[c])) {
      --nearest;
    }
    nearest = std::clamp(nearest, taken, edges.size() - (cuts.size() - c));
    begins.push_back(sorted[edges[nearest]]);
    taken = nearest + 1;
  }
  std::vector<size_t> parts;
  parts.reserve(times.size());
  for (const double time : times) {
    parts.push_back(static_cast<size_t>(std::ranges::upper_bound(begins, time) - begins.begin()));
  }
  return parts;
}

}  // namespace colonnade
