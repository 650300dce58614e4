// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "engine/data/offsets.h"
#include "engine/data/scaling.h"
#include "engine/data/storage.h"

namespace colonnade {
namespace {

// Per feature, over all examples, in double and in the order of the examples.
struct Moments {
  explicit Moments(size_t features)
      : low(features, std::numeric_limits<double>::infinity()),
        high(features, -std::numeric_limits<double>::infinity()),
        mean(features),
        deviation(features) {}

  std::vector<double> low, high, mean, deviation;
};

// values(e): those of example e.
template <class Values>
Moments ComputeMoments(const Dataset& data, const Values& values) {
  const size_t features = data.features();
  const auto examples = static_cast<double>(data.examples());
  Moments m(features);
  for (size_t e = 0; e < data.examples(); ++e) {
    const auto* const example = values(e);
    for (size_t f = 0; f < features; ++f) {
      const auto x = static_cast<double>(example[f]);
      m.low[f] = std::min(m.low[f], x);
      m.high[f] = std::max(m.high[f], x);
      m.mean[f] += x;
    }
  }
  for (double& mean : m.mean) mean /= examples;
  // A second pass, because the difference of sums of squares cancels where the mean is large.
  for (size_t e = 0; e < data.examples(); ++e) {
    const auto* const example = values(e);
    for (size_t f = 0; f < features; ++f) {
      const double x = static_cast<double>(example[f]) - m.mean[f];
      m.deviation[f] += x * x;
    }
  }
  for (double& deviation : m.deviation) deviation = std::sqrt(deviation / examples);
  return m;
}

// Examples that stand for all where ranks are wanted.
constexpr size_t kMostRanked = 200'000;

// Quantiles of all features together: they stand in the header of a model's file, which must not
// get too long.
constexpr size_t kMostOfAll = 4'000'000;

// Of numbers in ascending order, by linear interpolation (numpy.quantile).
double Quantile(std::span<const float> sorted, double fraction) {
  const double place = fraction * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(place);
  const auto low = static_cast<double>(sorted[below]);
  const auto high = static_cast<double>(sorted[std::min(below + 1, sorted.size() - 1)]);
  return low + (place - static_cast<double>(below)) * (high - low);
}

// Sets offset, scale and limit of a feature from its numbers in ascending order.
void FitRobust(size_t f, std::span<const float> sorted, Scaling& fit) {
  const double range = static_cast<double>(sorted.back()) - static_cast<double>(sorted.front());
  double width = Quantile(sorted, 0.75) - Quantile(sorted, 0.25);
  if (width == 0) width = range / 2;
  const auto scale = static_cast<float>(1 / width);
  // As with the other methods, a feature that carries nothing becomes 0.
  const bool useful = range > 0 && std::isnormal(scale);
  fit.offset[f] = useful ? static_cast<float>(Quantile(sorted, 0.5)) : 0.0F;
  fit.scale[f] = useful ? scale : 0.0F;
  fit.limit[f] = 3;
}

// Sets quantiles of a feature, from its numbers in ascending order, and the rest of it.
void FitQuantiles(size_t f, std::span<const float> sorted, Scaling& fit) {
  const size_t count =
      std::max<size_t>(2, std::min({sorted.size(), kMostQuantiles, kMostOfAll / fit.features()}));
  std::vector<float> quantiles;
  for (size_t q = 0; q < count; ++q) {
    const double fraction = static_cast<double>(q) / static_cast<double>(count - 1);
    const auto quantile = static_cast<float>(Quantile(sorted, fraction));
    // Where f32 has no slope to the next, they are as good as the same.
    const bool apart = q == 0 || std::isnormal(1 / (quantile - quantiles.back()));
    quantiles.push_back(apart ? quantile : quantiles.back());
  }
  const bool useful = quantiles.front() < quantiles.back();
  fit.offset[f] = useful ? static_cast<float>(Quantile(sorted, 0.5)) : 0.0F;
  fit.scale[f] = useful ? 1.0F : 0.0F;
  if (useful) fit.quantiles[f] = std::move(quantiles);
}

// The ends of the pieces: the values that more than one in `pieces` has, and quantiles of the rest.
// None where they leave a single piece, which would be the number itself.
std::vector<float> EdgesOf(std::span<const float> sorted, size_t pieces) {
  std::vector<float> edges;
  std::vector<float> rest;
  rest.reserve(sorted.size());
  for (size_t i = 0; i < sorted.size();) {
    size_t end = i + 1;
    while (end < sorted.size() && sorted[end] == sorted[i]) ++end;
    if ((end - i) * pieces > sorted.size()) {
      edges.push_back(sorted[i]);
    } else {
      rest.insert(rest.end(), sorted.begin() + static_cast<ptrdiff_t>(i),
                  sorted.begin() + static_cast<ptrdiff_t>(end));
    }
    i = end;
  }
  for (size_t q = 0; q <= pieces && !rest.empty(); ++q) {
    const double fraction = static_cast<double>(q) / static_cast<double>(pieces);
    edges.push_back(static_cast<float>(Quantile(rest, fraction)));
  }
  std::ranges::sort(edges);
  // Of pieces that f32 has no slope for, one end goes.
  const auto too_close = [](float a, float b) { return !std::isnormal(1 / (b - a)); };
  edges.erase(std::ranges::unique(edges, too_close).begin(), edges.end());
  if (edges.size() < 3) edges.clear();
  return edges;
}

// Whether features are 0 and 1 by their making: categories, and indicators of missing values.
std::vector<bool> FlagsOf(const Schema& schema) {
  std::vector<bool> flags(schema.features);
  for (const CategoricalColumn& column : schema.categorical) {
    for (size_t i = 0; i < column.categories.size(); ++i) {
      flags[column.first + i] = true;
    }
  }
  for (const MissingIndicator& indicator : schema.indicators) flags[indicator.feature] = true;
  return flags;
}

// Calls visit(feature, its values in ascending order) for the features wanted. values(e): those of
// example e.
template <class Values, class Visit>
void ForSorted(const Dataset& data, const std::vector<bool>& flags, const Values& values,
               const Visit& visit) {
  constexpr size_t kTogether = 16;  // of which each example has a cache line
  const size_t every = (data.examples() + kMostRanked - 1) / kMostRanked;
  const size_t count = (data.examples() + every - 1) / every;
  std::array<std::vector<float>, kTogether> columns;
  for (size_t first = 0; first < data.features(); first += kTogether) {
    const size_t end = std::min(first + kTogether, data.features());
    for (std::vector<float>& column : columns) column.resize(count);
    for (size_t i = 0; i < count; ++i) {
      const auto* const example = values(i * every);
      for (size_t f = first; f < end; ++f) columns[f - first][i] = static_cast<float>(example[f]);
    }
    for (size_t f = first; f < end; ++f) {
      if (flags[f]) continue;
      std::ranges::sort(columns[f - first]);
      visit(f, columns[f - first]);
    }
  }
}

template <class Values>
void FitRanks(const Dataset& data, const Values& values, size_t pieces, Scaling& fit) {
  const std::vector<bool> flags = FlagsOf(data.schema());
  const bool robust = fit.method == Scale::kRobust;
  const bool quantiles = fit.method == Scale::kQuantile;
  if (quantiles) fit.quantiles.resize(data.features());
  if (robust) fit.limit.assign(data.features(), 0);
  if (pieces) fit.edges.resize(data.features());
  ForSorted(data, flags, values, [&](size_t f, std::span<const float> sorted) {
    if (robust) FitRobust(f, sorted, fit);
    if (quantiles) FitQuantiles(f, sorted, fit);
    if (pieces > 0) fit.edges[f] = EdgesOf(sorted, pieces);
  });
  if (fit.pieces() == 0) fit.edges.clear();
}

template <class Values>
void FitMoments(const Dataset& data, const Values& values, Scaling& fit) {
  const Moments m = ComputeMoments(data, values);
  for (size_t f = 0; f < data.features(); ++f) {
    const bool range = fit.method == Scale::kMinMax;
    const double offset = range ? m.low[f] : m.mean[f];
    const double width = range ? m.high[f] - m.low[f] : m.deviation[f];
    // A constant feature carries nothing. The test is on the range: the deviation of equal values
    // can come out as rounding noise instead of 0. A scale that f32 cannot hold as a normal number
    // is no use either; the offset goes with it, because (x − offset) might overflow.
    const auto scale = static_cast<float>(1 / width);
    const bool useful = m.high[f] > m.low[f] && std::isnormal(scale);
    fit.offset[f] = useful ? static_cast<float>(offset) : 0.0f;
    fit.scale[f] = useful ? scale : 0.0f;
  }
}

template <class Values>
void Fit(const Dataset& data, const Values& values, size_t pieces, Scaling& fit) {
  const bool ranks = fit.method == Scale::kRobust || fit.method == Scale::kQuantile;
  if (fit.method == Scale::kMinMax || fit.method == Scale::kStandard) {
    FitMoments(data, values, fit);
  }
  if (ranks || pieces > 0) FitRanks(data, values, pieces, fit);
}

}  // namespace

bool LooksLikePixels(const Dataset& data) {
  if (data.element_type() != ElementType::kU8 || HasOffsets(data.schema())) return false;
  constexpr size_t kFewest = 64;  // of the smallest pictures, 8 × 8
  if (data.features() < kFewest) return false;
  constexpr size_t kSample = 1000;
  std::vector<uint8_t> low(data.features(), 255);
  std::vector<uint8_t> high(data.features(), 0);
  for (size_t e = 0; e < std::min(data.examples(), kSample); ++e) {
    const uint8_t* example = data.BytesOf(e);
    for (size_t f = 0; f < data.features(); ++f) {
      low[f] = std::min(low[f], example[f]);
      high[f] = std::max(high[f], example[f]);
    }
  }
  size_t varying = 0;
  size_t bright = 0;
  for (size_t f = 0; f < data.features(); ++f) {
    if (low[f] == high[f]) continue;
    ++varying;
    if (low[f] < 32 && high[f] > 127) ++bright;
  }
  return 2 * bright > varying;
}

Scaling FitScaling(Scale method, const Dataset& data, Embedding embedding, size_t pieces) {
  Scaling fit;
  fit.method = method != Scale::kAuto  ? method
               : LooksLikePixels(data) ? Scale::kUnit
                                       : Scale::kRobust;
  fit.offset.assign(data.features(), 0.0F);
  fit.scale.assign(data.features(), 1.0F);
  if (fit.method == Scale::kUnit) std::ranges::fill(fit.scale, 1.0F / 255.0F);
  if (fit.method == Scale::kNone || fit.method == Scale::kUnit) {
    // They are of the table's numbers.
    for (size_t f = 0; f < data.features(); ++f) {
      fit.offset[f] = static_cast<float>(0 - OffsetOf(data.schema(), f));
    }
  }
  if (embedding != Embedding::kPiecewise) pieces = 0;
  if (pieces == 0 && (fit.method == Scale::kNone || fit.method == Scale::kUnit)) return fit;
  data.storage().WillRead(Access::kInOrder);
  if (data.element_type() == ElementType::kU8) {
    Fit(data, [&](size_t e) { return data.BytesOf(e); }, pieces, fit);
  } else {
    Fit(data, [&](size_t e) { return data.FloatsOf(e); }, pieces, fit);
  }
  return fit;
}

}  // namespace colonnade
