// SPDX-License-Identifier: Apache-2.0
// Choosing among configurations of a training by how well their models do on data that they have
// not seen.
#ifndef COLONNADE_SELECT_H_
#define COLONNADE_SELECT_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "colonnade/dataset.h"
#include "colonnade/evaluate.h"
#include "colonnade/sweep.h"
#include "colonnade/train.h"

namespace colonnade {

// An option with the values to try, as SetOption() takes them, but with '+' in lists for ','.
struct GridAxis {
  std::string name;
  std::vector<std::string> values;
};

struct Configuration {
  std::vector<std::pair<std::string, std::string>> settings = {};  // names and values of its axes
  TrainOptions options = {};

  std::string Label() const;  // "lr=0.1 hidden=64"; empty without axes
};

// Every combination of the values, those of the last axis changing fastest, each on top of `base`;
// without axes that alone. Throws kInvalidArgument: for a name that is no option of training
// (Commands::kTraining) or comes twice, the subject being "grid"; for a value that its option does
// not take or that does not go with the others, the subject being the option; and for more than
// 10,000 combinations.
std::vector<Configuration> Grid(const TrainOptions& base, std::span<const GridAxis> axes);

// One training of a selection.
struct SelectionRun {
  size_t configuration = 0;  // its index
  uint64_t seed = 0;
  std::optional<size_t> fold = {};  // that it was validated on

  bool done = false;
  std::string failure = {};  // why it is not; empty where it did not begin or was stopped
  // Where it is done:
  Evaluation validation = {};
  size_t epochs = 0;
  double seconds = 0;
  std::string parameters_hash = {};

  // Whether its validation is better: a higher accuracy, or a lower RMSE; where they are equal, a
  // lower loss.
  bool BetterThan(const SelectionRun& other) const;
};

// A mean, and where there are several values, how they scatter around it.
struct Spread {
  double mean = 0;
  std::optional<double> deviation = {};  // the root of Σ (x − mean)² / (n − 1)
};

// Of no values zeros.
[[nodiscard]] Spread SpreadOf(std::span<const double> values);

// A configuration with what its runs say together.
struct SelectionRow {
  size_t configuration = 0;
  size_t runs = 0;                              // of it
  size_t done = 0;                              // of these
  Spread metric = {}, loss = {}, seconds = {};  // of those done; metric: accuracy, or RMSE
};

// The model of the best configuration.
struct SelectedModel {
  size_t configuration = 0;
  Dataset data;        // that it was trained on
  TrainResult result;  // its options have the seed
};

struct Selection {
  bool regression = false;
  bool stopped = false;                // by a callback
  std::vector<SelectionRun> runs;      // by configuration, seed and fold
  std::vector<SelectionRow> ranking;   // best first; one with failed runs comes after all without
  std::optional<SelectedModel> model;  // where SelectOptions::model asks for it, and there is one
};

struct SelectOptions {
  size_t seeds = 1;  // runs of each configuration, by seed, seed + 1, …

  // What is validated on: of k folds each in turn (SplitFolds()); or else `validation_data`; or
  // else this fraction of the examples of each class (SplitStratified()). By the seed of the run.
  size_t folds = 0;  // 0 or 2 .. 1000
  std::optional<Dataset> validation_data = {};
  double validation = 0.1;

  // Whether the model is wanted: that of the best run of the best configuration; with folds one
  // more, trained on all data with the first seed.
  bool model = true;

  int threads = 0;     // of all trainings together; 0 as in TrainOptions
  size_t at_once = 0;  // trainings side by side; 0: as many as there are threads

  // As those of SweepOptions; `trial` is the index of a run.
  std::function<bool(const SweepProgress&)> on_progress = {};
  std::function<void(size_t run, const SelectionRun&)> on_run = {};
  // Called before the model is trained on all data.
  std::function<void()> on_refit = {};
};

// Trains every configuration with every seed on every part of the data, side by side, and ranks
// them: by the mean of the metric, then of the loss. What the configurations say of validation data
// is not used. Test data have no place here. Each run has the bits of Train() alone. Throws what
// Train() throws for options and data before any training begins, and kInvalidArgument for options
// of its own (subjects "seeds", "folds", "validation", "early-stopping") and where configurations
// have losses for classes and for numbers; what goes wrong later ends only that run.
[[nodiscard]] Selection Select(const Dataset& data, std::span<const Configuration> configurations,
                               const SelectOptions& options = {});

// Throws what Select() throws of these before it looks at data.
void CheckSelection(std::span<const Configuration> configurations, const SelectOptions& options);

}  // namespace colonnade

#endif  // COLONNADE_SELECT_H_
