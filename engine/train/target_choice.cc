// SPDX-License-Identifier: Apache-2.0
#include "engine/train/target_choice.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <vector>

#include "colonnade/error.h"
#include "colonnade/split.h"
#include "engine/runtime/random.h"
#include "engine/train/ranking.h"

namespace colonnade {
namespace {

constexpr size_t kFolds = 4;
constexpr size_t kFewest = 50;    // examples that cross-validation tells something of
constexpr size_t kMost = 4000;    // examples that it takes
constexpr size_t kSteps = 600;    // of each training
constexpr double kMargin = 0.05;  // by which the squared error has to be less than of kStandard
constexpr double kUseful = 0.25;  // R² from which a choice is more than luck

// Of the examples from their mean, weighted.
std::vector<double> SquaredDeviations(const Dataset& data) {
  double weight = 0;
  double mean = 0;
  for (size_t e = 0; e < data.examples(); ++e) {
    weight += WeightOf(data, e);
    mean += WeightOf(data, e) * data.TargetOf(e);
  }
  mean /= weight;
  std::vector<double> squares(data.examples());
  for (size_t e = 0; e < data.examples(); ++e) {
    const double r = data.TargetOf(e) - mean;
    squares[e] = WeightOf(data, e) * r * r;
  }
  return squares;
}

double SquaredError(const Model& model, const Dataset& data, int threads) {
  const std::vector<double> values = model.Values(data, threads);
  double sum = 0;
  for (size_t e = 0; e < data.examples(); ++e) {
    const double r = values[e] - data.TargetOf(e);
    sum += WeightOf(data, e) * r * r;
  }
  return sum;
}

// Of predictions of examples that were not trained on; infinite where there are none.
double ValidationError(const std::vector<Split>& folds, const TrainOptions& options) {
  double sum = 0;
  try {
    for (const Split& fold : folds) {
      const Model model = Train(fold.train, options).model;
      sum += SquaredError(model, fold.validation, options.threads);
    }
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kDiverged) throw;
    return std::numeric_limits<double>::infinity();
  }
  return std::isfinite(sum) ? sum : std::numeric_limits<double>::infinity();
}

Dataset SomeOf(const Dataset& data, uint64_t seed) {
  if (data.examples() <= kMost) return data;
  std::vector<uint32_t> order(data.examples());
  std::iota(order.begin(), order.end(), 0u);
  Random(seed, RandomStream::kFolds, kMost).Permutation(order);
  order.resize(kMost);
  std::ranges::sort(order);
  return data.Part(order);
}

std::vector<Split> FoldsOf(const Dataset& data, uint64_t seed) {
  try {
    return SplitFolds(data, kFolds, seed);
  } catch (const Error&) {
    return {};  // too few groups, or times
  }
}

}  // namespace

bool HasHeavyTails(const Dataset& data) {
  std::vector<double> squares = SquaredDeviations(data);
  const double sum = std::accumulate(squares.begin(), squares.end(), 0.0);
  const auto few = squares.begin() + static_cast<ptrdiff_t>((squares.size() + 99) / 100);
  std::nth_element(squares.begin(), few - 1, squares.end(), std::greater());
  return std::accumulate(squares.begin(), few, 0.0) > 0.25 * sum;
}

TargetScale ChooseTargetScale(const TrainOptions& options, const Dataset& data) {
  if (data.examples() < kFewest || !HasHeavyTails(data)) return TargetScale::kStandard;
  if (options.loss == Loss::kQuantile) return TargetScale::kQuantile;
  const Dataset some = SomeOf(data, options.seed);
  const std::vector<Split> folds = FoldsOf(some, options.seed);
  if (folds.empty()) return TargetScale::kStandard;
  TrainOptions small;
  small.hidden = {64};
  small.scale = options.scale;
  small.optimizer = Optimizer::kAdamW;
  small.learning_rate = 0.003;
  small.weight_decay = 0.1;
  small.dropout = 0.1;
  small.ensemble = 1;
  small.validation = 0;
  small.seed = options.seed;
  small.threads = options.threads;
  const size_t examples = folds.front().train.examples();
  const size_t steps_per_epoch = (examples + small.batch_size - 1) / small.batch_size;
  small.epochs = (kSteps + steps_per_epoch - 1) / steps_per_epoch;

  small.target_scale = TargetScale::kStandard;
  TargetScale best = small.target_scale;
  double least = (1 - kMargin) * ValidationError(folds, small);
  const std::vector<double> squares = SquaredDeviations(some);
  const double all = std::accumulate(squares.begin(), squares.end(), 0.0);
  least = std::min(least, (1 - kUseful) * all);
  const auto consider = [&](TargetScale scale) {
    small.target_scale = scale;
    const double error = ValidationError(folds, small);
    if (error >= least) return;
    least = error;
    best = scale;
  };
  bool negative = false;
  for (size_t e = 0; e < data.examples(); ++e) negative = negative || data.TargetOf(e) < 0;
  if (!negative) consider(TargetScale::kLog);
  consider(TargetScale::kQuantile);
  return best;
}

}  // namespace colonnade
