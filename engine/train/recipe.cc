// SPDX-License-Identifier: Apache-2.0
// What suits the data where nobody chose. RECIPES.md has the evidence.
#include <algorithm>
#include <cmath>

#include "colonnade/train.h"
#include "engine/data/scaling.h"

namespace colonnade {
namespace {

// From so many examples on, a table has enough to hold some out and to fill the pieces of its
// numbers.
constexpr size_t kLargeTable = 5000;

bool IsPictures(const TrainOptions& options, const Dataset& data) {
  if (options.start) return options.start->scaling().method == Scale::kUnit;
  return LooksLikePixels(data);
}

// As many as give so many steps, within limits.
size_t EpochsOf(size_t steps, size_t fewest, size_t most, size_t batch, size_t examples) {
  const double epochs = static_cast<double>(steps * batch) / static_cast<double>(examples);
  return std::clamp(static_cast<size_t>(std::lround(epochs)), fewest, most);
}

void FillForPictures(TrainOptions& options) {
  options.hidden.Fill({192});
  options.activation.Fill(Activation::kRelu);
  options.dropout.Fill(0);
  options.batch_size.Fill(96);
  options.optimizer.Fill(Optimizer::kMomentum);
  options.validation.Fill(0);
  options.early_stopping.Fill(0);
  if (options.embed == Embedding::kAuto) options.embed = Embedding::kNone;
}

void FillForTable(TrainOptions& options, size_t examples) {
  const bool large = examples >= kLargeTable;
  if (options.scale == Scale::kAuto && !options.start) options.scale = Scale::kRobust;
  options.hidden.Fill({192});
  options.activation.Fill(large ? Activation::kSilu : Activation::kRelu);
  options.dropout.Fill(large ? 0.1 : 0.2);
  options.batch_size.Fill(96);
  if (!options.optimizer.chosen()) {  // a chosen one goes by its own
    options.optimizer = Optimizer::kAdamW;
    if (!options.learning_rate) options.learning_rate = large ? 0.004 : 0.002;
    if (!options.weight_decay) options.weight_decay = large ? 0.05 : 0.2;
  }
  if (options.epochs == 0) {
    const size_t batch = options.ExamplesPerStep(examples);
    options.epochs =
        large ? EpochsOf(6000, 15, 200, batch, examples) : EpochsOf(1250, 4, 100, batch, examples);
  }
  const bool folds = options.HasFolds();
  options.validation.Fill(large && !options.validation_data && !folds ? 0.15 : 0);
  const bool validates = options.validation > 0 || options.validation_data || folds;
  options.early_stopping.Fill(large && validates ? 10 : 0);
  if (options.embed == Embedding::kAuto && !options.start) {
    options.embed = large ? Embedding::kPiecewise : Embedding::kNone;
  }
}

}  // namespace

TrainOptions TrainOptions::ForData(const Dataset& data) const {
  TrainOptions chosen = *this;
  chosen.ensemble.Fill(start ? start->members() : 1);
  chosen.ensemble_by.Fill(EnsembleBy::kSeeds);
  if (IsPictures(chosen, data)) {
    FillForPictures(chosen);
  } else {
    FillForTable(chosen, data.examples());
  }
  return chosen;
}

}  // namespace colonnade
