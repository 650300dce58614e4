// SPDX-License-Identifier: Apache-2.0
// How probabilities rank, and the weighting that all metrics share.
#ifndef COLONNADE_ENGINE_TRAIN_RANKING_H_
#define COLONNADE_ENGINE_TRAIN_RANKING_H_

#include <cstddef>
#include <span>

#include "colonnade/dataset.h"
#include "colonnade/evaluate.h"

namespace colonnade {

// 0 where there is nothing to take a ratio of.
inline double Ratio(double some, double all) { return all > 0 ? some / all : 0; }

// How much an example counts in a metric.
inline double WeightOf(const Dataset& data, size_t example) {
  return data.weights().empty() ? 1.0 : static_cast<double>(data.weights()[example]);
}

// probabilities: of all classes for each example of `data`, one example after the other.
RankingMetrics RankingOf(const Dataset& data, std::span<const float> probabilities, size_t classes,
                         size_t k);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_TRAIN_RANKING_H_
