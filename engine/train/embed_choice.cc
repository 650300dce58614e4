// SPDX-License-Identifier: Apache-2.0
#include "engine/train/embed_choice.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <exception>
#include <limits>
#include <optional>
#include <vector>

#include "colonnade/error.h"
#include "colonnade/split.h"
#include "engine/train/side_by_side.h"

namespace colonnade {
namespace {

constexpr size_t kTried = 3;      // folds
constexpr double kMargin = 0.01;  // by which pieces have to be better
// Of more features the pieces would take longer than all else.
constexpr size_t kMostFeatures = 100;

// Of the best epoch, on the fold that is left out; infinite where the training failed.
double LossOn(const Split& fold, const TrainOptions& options) {
  try {
    const TrainResult result = Train(fold.train, options);
    const Evaluation& e = *result.validation;
    const double loss = e.regression ? e.regression->rmse * e.regression->rmse : e.loss;
    if (std::isfinite(loss)) return loss * static_cast<double>(e.examples);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kDiverged) throw;
  }
  return std::numeric_limits<double>::infinity();
}

}  // namespace

Embedding ChooseEmbedding(const TrainOptions& options, const Dataset& data) {
  if (!options.HasFolds() || data.features() > kMostFeatures) return Embedding::kNone;
  std::vector<Split> folds;
  try {
    folds = SplitFolds(data, options.ensemble, options.seed);
  } catch (const Error&) {
    return Embedding::kNone;  // the training itself will say why
  }
  const size_t tried = std::min(kTried, folds.size());
  std::vector<std::array<double, 2>> losses(tried);
  std::vector<std::exception_ptr> failures(2 * tried);
  TrainSideBySide(2 * tried, options.threads, 0, [&](size_t i, int threads) {
    TrainOptions trial = options;
    trial.embed = i % 2 == 0 ? Embedding::kNone : Embedding::kPiecewise;
    trial.ensemble = 1;
    trial.validation_data = folds[i / 2].validation;
    trial.threads = threads;
    trial.on_progress = {};
    trial.checkpoint.clear();
    trial.resume = false;
    trial.resume_from.clear();
    trial.on_checkpoint = {};
    try {
      losses[i / 2][i % 2] = LossOn(folds[i / 2], trial);
    } catch (...) {
      failures[i] = std::current_exception();
    }
  });
  for (const std::exception_ptr& failure : failures) {
    if (failure) std::rethrow_exception(failure);
  }
  double none = 0;
  double pieces = 0;
  for (const auto& [of_none, of_pieces] : losses) {
    none += of_none;
    pieces += of_pieces;
  }
  return pieces < (1 - kMargin) * none ? Embedding::kPiecewise : Embedding::kNone;
}

}  // namespace colonnade
