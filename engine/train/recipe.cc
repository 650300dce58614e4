// SPDX-License-Identifier: Apache-2.0
// What suits the data where nobody chose. RECIPES.md has the evidence.
#include <algorithm>
#include <cmath>
#include <vector>

#include "colonnade/train.h"
#include "engine/data/scaling.h"

namespace colonnade {
namespace {

// What suits tables of one size.
struct TableRecipe {
  Activation activation;
  double dropout;
  double rate, sure_rate;
  double decay;
  // With something to be validated on, so many steps at most, and the best of them. Without (sure):
  // all.
  size_t steps, most_epochs, patience;
  size_t sure_steps, sure_most_epochs;
  size_t fewest_epochs;
  double ema;  // where something validates
  size_t members;
  double validation;  // where the members are one
};

constexpr TableRecipe kSmall = {.activation = Activation::kRelu,
                                .dropout = 0.2,
                                .rate = 0.004,
                                .sure_rate = 0.002,
                                .decay = 0.2,
                                .steps = 5000,
                                .most_epochs = 1000,
                                .patience = 10,
                                .sure_steps = 1250,
                                .sure_most_epochs = 100,
                                .fewest_epochs = 4,
                                .ema = 0.98,
                                .members = 5,
                                .validation = 0};

constexpr TableRecipe kLarge = {.activation = Activation::kSilu,
                                .dropout = 0.1,
                                .rate = 0.004,
                                .sure_rate = 0.004,
                                .decay = 0.05,
                                .steps = 6000,
                                .most_epochs = 200,
                                .patience = 5,
                                .sure_steps = 6000,
                                .sure_most_epochs = 200,
                                .fewest_epochs = 15,
                                .ema = 0,
                                .members = 4,
                                .validation = 0.15};

// From so many examples on, a table has enough to fill the pieces of its numbers.
constexpr size_t kLargeTable = 5000;
// Below, what a fold says of when to stop is luck.
constexpr size_t kFewestForFolds = 100;
// From so many on, several networks are hardly better than one.
constexpr size_t kEnoughForOne = 100'000;

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
  options.ema.Fill(0);
  if (options.embed == Embedding::kAuto) options.embed = Embedding::kNone;
}

// So that SplitFolds() can deal out each of them.
bool HasClassOf(size_t examples, const Dataset& data) {
  if (data.regression()) return data.examples() >= examples;
  if (!data.labelled()) return false;  // which is for others to refuse
  std::vector<size_t> counts(data.classes());
  for (const uint32_t label : data.labels()) ++counts[label];
  return *std::ranges::max_element(counts) >= examples;
}

// Whether each network of an ensemble can leave out a fold, as nobody said otherwise.
bool HasRoomForFolds(const TrainOptions& options, const Dataset& data, size_t members) {
  const bool said = options.start || options.validation.chosen() || options.validation_data;
  const bool whole = data.times().empty() && data.groups().empty();
  const bool few = data.examples() < kFewestForFolds;
  return !said && whole && !few && HasClassOf(members, data);
}

void FillForTable(TrainOptions& options, const Dataset& data) {
  const size_t examples = data.examples();
  const bool large = examples >= kLargeTable;
  const TableRecipe& recipe = large ? kLarge : kSmall;
  if (options.scale == Scale::kAuto && !options.start) options.scale = Scale::kRobust;
  options.hidden.Fill({192});
  options.activation.Fill(recipe.activation);
  options.batch_size.Fill(96);
  const size_t members = options.ensemble.chosen() ? *options.ensemble : recipe.members;
  if (HasRoomForFolds(options, data, members)) {
    const bool one_output = options.loss != Loss::kQuantile || options.quantiles.size() == 1;
    options.ensemble.Fill(one_output && examples < kEnoughForOne ? members : 1);
    options.ensemble_by.Fill(EnsembleBy::kFolds);
  }
  const bool folds = options.HasFolds();
  options.validation.Fill(options.validation_data || folds ? 0 : recipe.validation);
  const bool validates = options.validation > 0 || options.validation_data || folds;
  // Whether it ends where that is best.
  const bool stops = validates && (!options.early_stopping.chosen() || options.early_stopping > 0);
  options.dropout.Fill(data.regression() && stops ? 0 : recipe.dropout);
  const bool open = !options.optimizer.chosen();
  if (open) {  // a chosen one goes by its own
    options.optimizer = Optimizer::kAdamW;
    if (!options.learning_rate) {
      options.learning_rate = stops ? recipe.rate : recipe.sure_rate;
    }
    if (!options.weight_decay) options.weight_decay = recipe.decay;
  }
  if (options.epochs == 0) {
    const size_t batch = options.ExamplesPerStep(examples);
    options.epochs =
        stops ? EpochsOf(recipe.steps, recipe.fewest_epochs, recipe.most_epochs, batch, examples)
              : EpochsOf(recipe.sure_steps, recipe.fewest_epochs, recipe.sure_most_epochs, batch,
                         examples);
  }
  options.early_stopping.Fill(validates ? recipe.patience : 0);
  options.ema.Fill(open && stops ? recipe.ema : 0);
  if (options.embed == Embedding::kAuto && !options.start) {
    // Few examples are learned by heart with pieces, unless something tells when to stop.
    const bool pieces = large || stops;
    options.embed = pieces ? Embedding::kPiecewise : Embedding::kNone;
    if (pieces) options.embed_pieces.Fill(std::clamp(examples / 500, size_t{8}, kPieces));
  }
}

}  // namespace

TrainOptions TrainOptions::ForData(const Dataset& data) const {
  TrainOptions chosen = *this;
  if (start) chosen.ensemble.Fill(start->members());
  if (IsPictures(chosen, data)) {
    FillForPictures(chosen);
  } else {
    FillForTable(chosen, data);
  }
  chosen.ensemble.Fill(1);
  chosen.ensemble_by.Fill(EnsembleBy::kSeeds);
  chosen.embed_pieces.Fill(kPieces);
  return chosen;
}

}  // namespace colonnade
