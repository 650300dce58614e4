// SPDX-License-Identifier: Apache-2.0
// Searching for the options that suit the data, within a budget of time or of trainings.
#ifndef COLONNADE_TUNE_H_
#define COLONNADE_TUNE_H_

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "colonnade/dataset.h"
#include "colonnade/evaluate.h"
#include "colonnade/names.h"
#include "colonnade/select.h"
#include "colonnade/train.h"

namespace colonnade {

// An option that is searched, and where.
struct SpaceAxis {
  std::string name;
  // "0,0.1,0.3": one of these values, '+' in lists for ',' as in GridAxis; "0..0.5": a number
  // between, evenly; "1e-4..0.1:log": evenly by its logarithm; "x0.1..x10:log": a multiple of what
  // holds where the option is not set.
  std::string values;
};

// What is searched unless one says otherwise.
[[nodiscard]] std::vector<SpaceAxis> DefaultSpace();

// What trials are ranked by, on data that they have not seen.
enum class TuneMetric {
  kLoss,      // cross-entropy; of numbers the squared error, hence the RMSE
  kAccuracy,  // of classes
  kRocAuc,    // of classes
  kMae,       // of numbers
};

inline constexpr NameRow<TuneMetric> kTuneMetrics[] = {{TuneMetric::kLoss, "loss"},
                                                       {TuneMetric::kAccuracy, "accuracy"},
                                                       {TuneMetric::kRocAuc, "roc-auc"},
                                                       {TuneMetric::kMae, "mae"}};
constexpr std::span<const NameRow<TuneMetric>> NamesOf(TuneMetric) { return kTuneMetrics; }

// A configuration that is tried, and how far it came.
struct TuneTrial {
  Configuration configuration;  // what it has of the space; its options
  TrainOptions in_force = {};   // those options for these data, see TrainOptions::Resolve()
  size_t done = 0;              // epochs trained, of in_force.epochs
  bool finished = false;        // it came to its end
  std::string failure = {};     // why it never will; mostly empty
  // After `done` epochs, over the parts that are validated on.
  Spread metric = {}, loss = {};
  double seconds = 0;  // of all its trainings together
};

// Where the model comes from.
enum class TuneModelSource {
  kAll,      // trained again, on all examples
  kPart,     // of the trial, trained without the examples that it was validated on
  kStopped,  // likewise, but before the first trial came to its end
};

inline constexpr NameRow<TuneModelSource> kTuneModelSources[] = {
    {TuneModelSource::kAll, "all"},
    {TuneModelSource::kPart, "part"},
    {TuneModelSource::kStopped, "stopped"}};
constexpr std::span<const NameRow<TuneModelSource>> NamesOf(TuneModelSource) {
  return kTuneModelSources;
}

// A trial that finished, and its models: one per part that is validated on.
struct TuneFinalist {
  size_t trial = 0;
  std::vector<TrainResult> results = {};
};

struct Tuning {
  bool regression = false;
  TuneMetric metric = TuneMetric::kLoss;
  size_t folds = 0;                // that were validated on in turn; 0: one part
  size_t validation_examples = 0;  // of that part, or of all together
  bool stopped = false;            // by a callback
  std::vector<TuneTrial> trials =
      {};  // in the order in which they began: first that without changes
  std::vector<size_t> ranking =
      {};  // of them, best first: those that finished, those that went far
  std::vector<TuneFinalist> finalists = {};        // the best TuneOptions::keep, best first
  std::optional<SelectedModel> model = {};         // of the best; `configuration` is its trial
  TuneModelSource source = TuneModelSource::kAll;  // of the model
};

// A moment of a search.
struct TuneProgress {
  double done = 0;  // part of the budget
  double seconds = 0;
  size_t trials = 0;                // begun
  size_t finished = 0;              // of them
  std::optional<double> best = {};  // metric of the best that finished
};

struct TuneOptions {
  std::vector<SpaceAxis> space = DefaultSpace();

  // One of the two budgets. So many seconds, training the model at the end included: what is tried
  // then depends on the clock. Or as many epochs as so many trainings without changes have: then
  // the result depends on data, options and seed alone.
  double seconds = 0;
  size_t trials = 0;

  // What is validated on, as in SelectOptions; without any of them what ChooseValidation() says.
  size_t folds = 0;
  std::optional<Dataset> validation_data = {};
  double validation = 0;
  TuneMetric metric = TuneMetric::kLoss;

  size_t keep = 1;  // finalists
  int threads = 0;  // of all trainings together; 0 as in TrainOptions

  // As those of SweepOptions: false ends the search with the best so far.
  std::function<bool(const TuneProgress&)> on_progress = {};
  // Called when a trial has come further, or failed; never twice at a time.
  std::function<void(size_t trial, const TuneTrial&)> on_trial = {};
  // Called before the model is trained on all data.
  std::function<void()> on_refit = {};

  // Called with each line of the journal: what was tried, how far, and what came of it.
  std::function<void(std::string_view line)> on_journal = {};
  // The lines of a journal, to repeat what it says instead of searching: the same trials, each as
  // far, and the same model. Space, budget and validation are those of the journal.
  std::string replay = {};

  // Seconds since any moment; empty: the machine's steady clock.
  std::function<double()> clock = {};
};

// Where nothing is said of validation: 5 folds, or of 3000 examples and more, with early stopping,
// and where so many folds cannot be, a fifth of the examples.
void ChooseValidation(const Dataset& data, const TrainOptions& base, TuneOptions& options);

// Searches options for `data` by successive halving. The first trial is `base` as it is, others
// change it: in rounds, trials begin, and the better third of those that came equally far goes on
// from where it is, to a ninth, a third and all of its epochs; no step is done twice. Trials run
// side by side, one thread each, and stop early where TrainOptions::ForData() says so of data that
// are validated on. The model is that of the trial that does best on the validation data of those
// that finished, trained again on all data where there is time: by Train(), so that it is an
// ensemble by folds where ForData() makes one of its options, whose folds stop it in place of its
// epochs. What `base` says of validation data is not used; its on_progress is called on the threads
// of the trainings, and false ends the one.
//
// Throws what Train() throws for options and data, and kInvalidArgument for options of its own;
// what goes wrong in a trial ends only that trial. kBadData where a journal is damaged, or what it
// says does not come out again.
[[nodiscard]] Tuning Tune(const Dataset& data, const TrainOptions& base,
                          const TuneOptions& options);

// Throws what Tune() throws of these before it looks at data.
void CheckTuning(const TrainOptions& base, const TuneOptions& options);

}  // namespace colonnade

#endif  // COLONNADE_TUNE_H_
