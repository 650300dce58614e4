// SPDX-License-Identifier: Apache-2.0
#include "engine/train/ranking.h"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <optional>
#include <vector>

namespace colonnade {
namespace {

// Of one class against all others: the fraction of the pairs of an example of the class and one
// that is not in which the former has the higher probability.
std::optional<double> AreaUnderCurve(const Dataset& data, std::span<const float> probabilities,
                                     size_t classes, size_t of) {
  const auto probability = [&](uint32_t e) { return probabilities[e * classes + of]; };
  std::vector<uint32_t> order(data.examples());
  std::iota(order.begin(), order.end(), 0u);
  std::ranges::sort(order, {}, probability);
  double in_class = 0;
  double others = 0;  // less probable ones, at first
  double pairs = 0;
  for (size_t begin = 0; begin < order.size();) {
    double equal_in_class = 0;
    double equal_others = 0;
    const float value = probability(order[begin]);
    for (; begin < order.size() && probability(order[begin]) == value; ++begin) {
      const uint32_t e = order[begin];
      (data.labels()[e] == of ? equal_in_class : equal_others) += WeightOf(data, e);
    }
    pairs += equal_in_class * (others + equal_others / 2);
    in_class += equal_in_class;
    others += equal_others;
  }
  if (in_class == 0 || others == 0) return std::nullopt;
  return pairs / (in_class * others);
}

}  // namespace

RankingMetrics RankingOf(const Dataset& data, std::span<const float> probabilities, size_t classes,
                         size_t k) {
  double weight = 0;
  double hits = 0;
  for (size_t e = 0; e < data.examples(); ++e) {
    const float* const p = probabilities.data() + e * classes;
    const size_t truth = data.labels()[e];
    size_t before = 0;
    for (size_t c = 0; c < classes; ++c) {
      before += p[c] > p[truth] || (p[c] == p[truth] && c < truth);
    }
    weight += WeightOf(data, e);
    if (before < k) hits += WeightOf(data, e);
  }
  RankingMetrics metrics;
  metrics.k = k;
  metrics.top_k_accuracy = Ratio(hits, weight);
  double sum = 0;
  size_t counted = 0;
  for (size_t c = classes == 2 ? 1 : 0; c < classes; ++c) {
    const std::optional<double> area = AreaUnderCurve(data, probabilities, classes, c);
    if (!area) continue;
    sum += *area;
    ++counted;
  }
  if (counted > 0) metrics.roc_auc = sum / static_cast<double>(counted);
  return metrics;
}

}  // namespace colonnade
