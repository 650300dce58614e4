// SPDX-License-Identifier: Apache-2.0
#include "colonnade/select.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <tuple>
#include <utility>

#include "colonnade/error.h"
#include "colonnade/split.h"
#include "engine/train/run.h"

namespace colonnade {
namespace {

constexpr size_t kMaxFolds = 1000;      // each takes 8 bytes per example
constexpr size_t kMaxRuns = 1'000'000;  // more than anybody can wait for

double MetricOf(const Evaluation& e) { return e.regression ? e.regression->rmse : e.accuracy; }

SelectionRow RowOf(size_t configuration, const std::vector<SelectionRun>& runs) {
  SelectionRow row{.configuration = configuration};
  std::vector<double> metric;
  std::vector<double> loss;
  std::vector<double> seconds;
  for (const SelectionRun& run : runs) {
    if (run.configuration != configuration) continue;
    ++row.runs;
    if (!run.done) continue;
    ++row.done;
    metric.push_back(MetricOf(run.validation));
    loss.push_back(run.validation.loss);
    seconds.push_back(run.seconds);
  }
  row.metric = SpreadOf(metric);
  row.loss = SpreadOf(loss);
  row.seconds = SpreadOf(seconds);
  return row;
}

// 0: all runs are done, 1: some, 2: none.
int Incompleteness(const SelectionRow& row) {
  return row.done == row.runs ? 0 : row.done == 0 ? 2 : 1;
}

// A selection on its way.
class Selector {
 public:
  Selector(const Dataset& data, std::span<const Configuration> configurations,
           const SelectOptions& options)
      : data_(data), configurations_(configurations), options_(options) {
    selection_.regression = data.regression();
  }

  Selection Run() {
    for (size_t c = 0; c < configurations_.size(); ++c) {
      for (size_t s = 0; s < options_.seeds; ++s) {
        AddRuns(c, configurations_[c].options.seed + s);
      }
    }
    best_.resize(configurations_.size());
    Sweep(trials_, {.threads = options_.threads,
                    .at_once = options_.at_once,
                    .on_progress =
                        [&](const SweepProgress& progress) {
                          if (!options_.on_progress || options_.on_progress(progress)) return true;
                          selection_.stopped = true;
                          return false;
                        },
                    .on_result = [&](size_t trial, TrialResult& of) { Take(trial, of); }});
    Rank();
    if (options_.model && !selection_.stopped && selection_.ranking.front().done > 0) Choose();
    return std::move(selection_);
  }

 private:
  struct Best {
    size_t run = 0;
    TrainResult result;
  };

  // Those of one configuration and seed.
  void AddRuns(size_t configuration, uint64_t seed) {
    const auto add = [&](const Dataset& data, const Dataset& validation,
                         std::optional<size_t> fold) {
      trials_.push_back({.data = data, .options = configurations_[configuration].options});
      TrainOptions& options = trials_.back().options;
      options.seed = seed;
      // As of a training that sets the same part aside.
      if (options_.folds == 0 && !options_.validation_data) {
        options.validation = options_.validation;
        options = options.ForData(data_);
      }
      options.validation = 0;
      options.validation_data = validation;
      selection_.runs.push_back({.configuration = configuration, .seed = seed, .fold = fold});
    };
    if (options_.folds == 0 && options_.validation_data) {
      return add(data_, *options_.validation_data, {});
    }
    const std::vector<Split>& splits = SplitsBy(seed);
    for (size_t i = 0; i < splits.size(); ++i) {
      add(splits[i].train, splits[i].validation,
          options_.folds > 0 ? std::optional<size_t>(i) : std::nullopt);
    }
  }

  const std::vector<Split>& SplitsBy(uint64_t seed) {
    std::vector<Split>& splits = splits_[seed];
    if (!splits.empty()) return splits;
    if (options_.folds > 0) {
      splits = SplitFolds(data_, options_.folds, seed);
    } else {
      splits.push_back(SplitStratified(data_, options_.validation, seed));
    }
    return splits;
  }

  // Takes what a result says, the model if it may be the one of the selection, and lets go of it
  // otherwise.
  void Take(size_t index, TrialResult& of_trial) {
    SelectionRun& run = selection_.runs[index];
    run.failure = of_trial.failure;
    if (of_trial.done()) {
      const TrainResult& result = *of_trial.result;
      run.done = true;
      run.validation = *result.validation;
      run.epochs = result.epochs;
      run.seconds = result.seconds;
      run.parameters_hash = result.model.ParametersHash();
      std::optional<Best>& best = best_[run.configuration];
      if (options_.model && options_.folds == 0 &&
          (!best || run.BetterThan(selection_.runs[best->run]))) {
        best = {.run = index, .result = std::move(*of_trial.result)};
        if (!options_.validation_data) best->result.options.validation = options_.validation;
      }
    }
    of_trial.result.reset();
    if (options_.on_run && (run.done || !run.failure.empty())) options_.on_run(index, run);
  }

  void Rank() {
    std::vector<SelectionRow>& rows = selection_.ranking;
    for (size_t c = 0; c < configurations_.size(); ++c) rows.push_back(RowOf(c, selection_.runs));
    const double sign = selection_.regression ? 1 : -1;
    const auto key = [&](const SelectionRow& row) {
      return std::tuple{Incompleteness(row), sign * row.metric.mean, row.loss.mean,
                        row.configuration};
    };
    std::ranges::sort(rows, {}, key);
  }

  void Choose() {
    const size_t configuration = selection_.ranking.front().configuration;
    if (options_.folds == 0) {
      Best& best = *best_[configuration];
      selection_.model = {.configuration = configuration,
                          .data = trials_[best.run].data,
                          .result = std::move(best.result)};
      return;
    }
    if (options_.on_refit) options_.on_refit();
    TrainOptions options = configurations_[configuration].options;
    if (options.validation.chosen()) options.validation = 0;
    options.validation_data.reset();
    options.threads = options_.threads;
    options.on_progress = [&](const Progress& progress) {
      return !options_.on_progress || options_.on_progress({.trials = trials_.size(),
                                                            .ended = trials_.size(),
                                                            .trial = trials_.size(),
                                                            .progress = &progress});
    };
    TrainResult result = Train(data_, options);
    selection_.stopped = result.stopped;
    if (result.stopped) return;
    selection_.model = {.configuration = configuration, .data = data_, .result = std::move(result)};
  }

  const Dataset& data_;
  const std::span<const Configuration> configurations_;
  const SelectOptions& options_;
  std::map<uint64_t, std::vector<Split>> splits_;  // by seed
  std::vector<Trial> trials_;                      // as the runs
  std::vector<std::optional<Best>> best_;          // per configuration
  Selection selection_;
};

}  // namespace

Spread SpreadOf(std::span<const double> values) {
  Spread spread;
  if (values.empty()) return spread;
  const auto count = static_cast<double>(values.size());
  spread.mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
  if (values.size() == 1) return spread;
  double squares = 0;
  for (const double value : values) squares += (value - spread.mean) * (value - spread.mean);
  spread.deviation = std::sqrt(squares / (count - 1));
  return spread;
}

bool SelectionRun::BetterThan(const SelectionRun& other) const {
  const double sign = validation.regression ? 1 : -1;
  return std::pair{sign * MetricOf(validation), validation.loss} <
         std::pair{sign * MetricOf(other.validation), other.validation.loss};
}

void CheckSelection(std::span<const Configuration> configurations, const SelectOptions& options) {
  if (configurations.empty()) Reject("grid", "no configuration", "at least one");
  if (options.folds == 1 || options.folds > kMaxFolds) {
    Reject("folds", fmt::to_string(options.folds), fmt::format("2 to {}", kMaxFolds));
  }
  if (options.seeds == 0 || options.seeds > kMaxRuns) {
    Reject("seeds", fmt::to_string(options.seeds), fmt::format("1 to {}", kMaxRuns));
  }
  for (const Configuration& c : configurations) {
    if (RowOf(c.options.loss).for_numbers != RowOf(configurations[0].options.loss).for_numbers) {
      Reject("grid", "losses for classes and losses for numbers", "either of them");
    }
    if (options.folds > 0 && options.model && c.options.early_stopping > 0) {
      throw Error(ErrorCode::kInvalidArgument,
                  {.subject = "early-stopping",
                   .problem = fmt::format("found {} with `folds`, expected no `output` and no "
                                          "`test`: the best configuration is trained again on all "
                                          "examples, where nothing would stop it",
                                          c.options.early_stopping)});
    }
    if (c.options.seed + (options.seeds - 1) < c.options.seed) {
      Reject("seeds", fmt::format("{} from {} on", options.seeds, c.options.seed),
             "seeds below 2^64");
    }
  }
  const size_t runs = configurations.size() * options.seeds * std::max<size_t>(options.folds, 1);
  if (runs > kMaxRuns) {
    throw Error(
        ErrorCode::kInvalidArgument,
        {.subject = "grid",
         .problem = fmt::format("found {} models, with `seeds` and `folds`, expected at most {}",
                                runs, kMaxRuns)});
  }
}

Selection Select(const Dataset& data, std::span<const Configuration> configurations,
                 const SelectOptions& options) {
  CheckSelection(configurations, options);
  return Selector(data, configurations, options).Run();
}

}  // namespace colonnade
