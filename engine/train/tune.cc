// SPDX-License-Identifier: Apache-2.0
#include "colonnade/tune.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <string>
#include <utility>

#include "colonnade/error.h"
#include "colonnade/options.h"
#include "engine/runtime/aligned.h"
#include "engine/train/grid.h"
#include "engine/train/halving.h"
#include "engine/train/learner.h"
#include "engine/train/loss.h"
#include "engine/train/space.h"
#include "engine/train/tune_journal.h"
#include "engine/train/tuner.h"

namespace colonnade {
namespace {

constexpr double kUnlimited = std::numeric_limits<double>::infinity();

// Of fewer examples than this a single part would say little.
constexpr size_t kFewExamples = 3000;
constexpr size_t kFolds = 5;
constexpr double kValidation = 0.2;

constexpr size_t kMostDraws = 8;      // new trials of a round; with the clock more for many threads
constexpr size_t kMostWaiting = 64;   // trials that may go on
constexpr size_t kAttempts = 20;      // to draw what was not there before
constexpr double kAnywhere = 0.25;    // how likely a new trial has nothing to do with older ones
constexpr size_t kParents = 3;        // the best, which the others are near
constexpr double kRefitShare = 0.4;   // of the time, at most, to train the model on all data
constexpr double kRefitMargin = 1.5;  // over what it is expected to take

// Options that differ from those of `from`.
TuneJournal::Settings Differences(const TrainOptions& options, const TrainOptions& from) {
  TuneJournal::Settings settings;
  for (const Option& option : OptionsOf<TrainOptions>()) {
    if (option.info.commands != Commands::kTraining) continue;
    std::string text = OptionText(options, option.info.name);
    if (text != OptionText(from, option.info.name)) {
      settings.emplace_back(option.info.name, std::move(text));
    }
  }
  return settings;
}

void Apply(const TuneJournal::Settings& settings, TrainOptions& options) {
  for (const auto& [name, text] : settings) SetOption(options, name, text);
}

// What the result of a trial depends on, as text.
std::string TextOf(const TrainOptions& options) {
  std::string all;
  for (const auto& [name, text] : Differences(options, TrainOptions())) {
    all += fmt::format("{}={}\n", name, text);
  }
  return all;
}

// With what is left open, or with what a journal says.
TuneOptions Decided(TuneOptions options, const TuneJournal& journal, const Dataset& data,
                    const TrainOptions& base) {
  if (!options.replay.empty()) {
    options.folds = journal.header.folds;
    options.validation = journal.header.fraction;
    options.metric = journal.header.metric;
    options.seconds = 0;
    options.trials = 0;
  } else {
    ChooseValidation(data, base, options);
  }
  options.keep = std::max<size_t>(options.keep, 1);
  return options;
}

std::vector<Split> PartsOf(const Dataset& data, const TuneOptions& options, uint64_t seed) {
  if (options.folds > 0) return SplitFolds(data, options.folds, seed);
  if (options.validation_data) return {{.train = data, .validation = *options.validation_data}};
  return {SplitStratified(data, options.validation, seed)};
}

// What the model is trained with, but for what the search changes.
TrainOptions GivenOf(const TrainOptions& base, const TuneOptions& options,
                     const TuneJournal& journal) {
  TrainOptions given = base;
  if (!options.replay.empty()) {
    TrainOptions replayed;
    replayed.start = base.start;
    replayed.on_progress = base.on_progress;
    Apply(journal.header.options, replayed);
    given = std::move(replayed);
  }
  given.validation_data.reset();
  const bool named =
      std::ranges::find(options.space, "optimizer", &SpaceAxis::name) != options.space.end();
  for (const SpaceAxis& axis : options.space) {
    if (!named && options.replay.empty()) ChooseOptimizerFor(given, axis.name);
  }
  return given;
}

// What trials are trained with: they are validated on parts.
TrainOptions BaseOf(TrainOptions given, const Dataset& data) {
  given.validation = 0;
  given.loss = ResolveLoss(given, data);
  return given;
}

class Search {
 public:
  Search(const Dataset& data, const TrainOptions& base, const TuneOptions& options)
      : journal_(options.replay.empty() ? TuneJournal() : TuneJournal::Parse(options.replay)),
        data_(data),
        options_(Decided(options, journal_, data, base)),
        given_(GivenOf(base, options, journal_)),
        base_(BaseOf(given_, data)),
        space_(options_.space),
        tuner_(options_, PartsOf(data, options_, base_.seed)),
        deadline_(options_.seconds) {
    CheckMetric();
    for (const Split& part : tuner_.parts()) {
      TrainOptions on_part = base_;
      on_part.validation_data = part.validation;
      CheckTraining(part.train, on_part);
    }
    const std::optional<Dataset>& validation = options_.validation_data;
    header_ = {.data = data.Hash(),
               .validation = validation ? validation->Hash() : "",
               .folds = options_.folds,
               .fraction = options_.validation,
               .metric = options_.metric,
               .options = Differences(given_, TrainOptions())};
  }

  Tuning Run() {
    Write(JournalLine(header_));
    Tuning tuning{
        .regression = data_.regression(), .metric = options_.metric, .folds = options_.folds};
    for (const Split& part : tuner_.parts()) {
      tuning.validation_examples += part.validation.examples();
    }
    if (options_.replay.empty()) {
      Explore();
    } else {
      Repeat();
    }
    Choose(tuning);
    tuning.stopped = tuner_.stopped();
    tuning.ranking = tuner_.Ranking();
    tuning.finalists = tuner_.TakeFinalists();
    tuning.trials = tuner_.TakeTrials();
    return tuning;
  }

 private:
  void CheckMetric() const {
    const bool of_numbers = options_.metric == TuneMetric::kMae;
    if (options_.metric == TuneMetric::kLoss || of_numbers == data_.regression()) return;
    Reject("metric",
           fmt::format("{} for a label column of {}", Name(options_.metric),
                       of_numbers ? "classes" : "numbers"),
           of_numbers ? "loss, accuracy or roc-auc" : "loss or mae");
  }

  void Write(const std::string& line) const {
    if (options_.on_journal) options_.on_journal(line);
  }

  bool timed() const { return options_.seconds > 0; }

  // ---- Trials ----

  size_t Add(Configuration configuration, Space::Point point) {
    TrainOptions in_force = InForceOf(configuration.options);
    known_.insert(TextOf(in_force));
    Write(JournalLine(tuner_.trials().size(), configuration.settings));
    const size_t epochs = in_force.epochs;
    const size_t trial = tuner_.Add(std::move(configuration), std::move(in_force));
    const size_t first_epochs = tuner_.trials().front().in_force.epochs;
    halving_.Add(static_cast<double>(epochs) / static_cast<double>(first_epochs));
    points_.push_back(std::move(point));
    return trial;
  }

  TrainOptions InForceOf(const TrainOptions& options) const {
    const size_t last = tuner_.parts().size() - 1;
    TrainOptions in_force = tuner_.OptionsOn(last, options).Resolve(tuner_.parts()[last].train);
    in_force.validation_data.reset();
    return in_force;
  }

  // A trial that was not there before; nothing where none is found.
  std::optional<size_t> DrawTrial() {
    for (size_t attempt = 0; attempt < kAttempts && !space_.empty(); ++attempt) {
      Draws draws(base_.seed, drawn_++);
      try {
        Space::Point point = DrawPoint(draws);
        Configuration configuration =
            space_.At(point, tuner_.OptionsOn(tuner_.parts().size() - 1, base_), data_);
        configuration.options.validation_data.reset();
        if (known_.contains(TextOf(InForceOf(configuration.options)))) continue;
        return Add(std::move(configuration), std::move(point));
      } catch (const Error&) {
        continue;  // options that do not go together
      }
    }
    return std::nullopt;
  }

  Space::Point DrawPoint(Draws& draws) const {
    if (draws.Uniform() < kAnywhere) return space_.Draw(draws);
    const std::vector<size_t> ranking = tuner_.Ranking();
    const size_t parent = ranking[draws.Below(std::min(kParents, parents_))];
    return space_.Near(points_[parent], tuner_.trials()[parent].in_force, draws);
  }

  // ---- Rounds ----

  void Explore() {
    Add({.settings = {}, .options = base_}, space_.Origin());
    double left = static_cast<double>(options_.trials);
    bool exhausted = false;
    for (size_t round = 0;; ++round) {
      const Halving::Round next = NextRound(round, left, exhausted);
      std::vector<Halving::Job> jobs = next.jobs;
      parents_ = std::max<size_t>(1, Promising());
      for (size_t i = 0; i < next.draws && !exhausted; ++i) {
        const std::optional<size_t> trial = DrawTrial();
        if (trial) jobs.push_back({*trial, 0});
        exhausted = !trial;
      }
      if (jobs.empty() && (next.draws == 0 || !exhausted)) return;
      for (const Halving::Job& job : jobs) left -= halving_.CostOf(job);
      LeaveTimeFor(jobs);
      Train(round, jobs);
      if (tuner_.stopped() || (timed() && tuner_.late())) return;
      Settle();
      tuner_.set_done(1 - left / static_cast<double>(std::max<size_t>(options_.trials, 1)));
    }
  }

  // How many lead the ranking that have been seen at all and did not fail.
  size_t Promising() const {
    return static_cast<size_t>(std::ranges::count_if(
        tuner_.trials(), [](const TuneTrial& t) { return t.failure.empty() && t.done > 0; }));
  }

  Halving::Round NextRound(size_t round, double left, bool exhausted) const {
    size_t draws = kMostDraws;
    double reach = kUnlimited;
    if (timed()) {
      // Nothing is known of the time that a trial takes, until the first has been seen.
      left = reach = kUnlimited;
      draws = round == 0 ? tuner_.threads() - 1 : std::max(draws, 2 * tuner_.threads());
      if (const double unit = UnitSeconds(); round > 0 && unit > 0) {
        const double seconds = std::max(0.0, deadline_ - tuner_.Now());
        left = seconds * static_cast<double>(tuner_.threads()) / unit;
        reach =
            seconds * static_cast<double>(std::min(tuner_.threads(), tuner_.parts().size())) / unit;
      }
    }
    if (exhausted || space_.empty()) draws = 0;
    return halving_.Next(left, reach, std::min(draws, DrawsInMemory()));
  }

  // All at once; logs what came of them.
  void Train(size_t round, const std::vector<Halving::Job>& jobs) {
    std::vector<Tuner::Task> tasks;
    tasks.reserve(jobs.size());
    for (const auto& [trial, rung] : jobs) tasks.push_back({trial, EpochsOn(trial, rung)});
    const std::vector<bool> done = tuner_.Run(tasks);
    for (size_t i = 0; i < jobs.size(); ++i) {
      if (!done[i]) continue;
      const TuneTrial& trial = tuner_.trials()[jobs[i].trial];
      halving_.Report(jobs[i].trial, jobs[i].rung, tuner_.ScoreOf(jobs[i].trial));
      if (trial.finished && jobs[i].rung + 1 < Halving::kRungs.size()) {
        halving_.End(jobs[i].trial);
      }
      Write(JournalLine(StepOf(round, tasks[i])));
    }
  }

  TuneJournal::Step StepOf(size_t round, const Tuner::Task& task) const {
    const TuneTrial& trial = tuner_.trials()[task.trial];
    return {.round = round,
            .trial = task.trial,
            .epochs = task.epochs,
            .metric = trial.metric.mean,
            .loss = trial.loss.mean,
            .seconds = trial.seconds,
            .failure = trial.failure};
  }

  // The rungs are the same numbers of epochs for all, however many they have: of trials that did
  // equally much the losses can be compared.
  size_t EpochsOn(size_t trial, size_t rung) const {
    const size_t epochs = tuner_.trials()[trial].in_force.epochs;
    if (rung + 1 == Halving::kRungs.size()) return epochs;
    const auto of_first = static_cast<double>(tuner_.trials().front().in_force.epochs);
    return std::min(epochs,
                    static_cast<size_t>(std::ceil(Halving::kRungs[rung] * of_first - 1e-9)));
  }

  // After a round: which trials are given up for their memory.
  void Settle() {
    double bytes = 0;
    size_t count = 0;
    for (const size_t trial : halving_.Waiting()) {
      bytes += BytesOf(trial);
      if (trial == 0 || (++count <= kMostWaiting && bytes <= PhysicalMemory() / 4)) continue;
      halving_.Drop(trial);
      tuner_.Release(trial);
    }
  }

  double BytesOf(size_t trial) const {
    const TrainOptions& options = tuner_.trials()[trial].in_force;
    return MemoryFor(options.ShapeFor(data_), options) * static_cast<double>(tuner_.parts().size());
  }

  size_t DrawsInMemory() const {
    return static_cast<size_t>(std::clamp(PhysicalMemory() / 4 / BytesOf(0), 1.0, 1e6));
  }

  // ---- Time ----

  // What all epochs of the first trial take, by all that was done; 0: nothing was.
  double UnitSeconds() const {
    double seconds = 0;
    double units = 0;
    const auto first_epochs = static_cast<double>(tuner_.trials().front().in_force.epochs);
    for (const TuneTrial& trial : tuner_.trials()) {
      if (trial.done == 0) continue;
      seconds += trial.seconds;
      units += static_cast<double>(trial.done) / first_epochs;
    }
    return units > 0 ? seconds / units : 0;
  }

  // What the model of a trial is trained with. Where the data have room for folds, it is a bag of
  // networks, which these stop.
  TrainOptions RefitOptions(size_t trial) const {
    const Configuration& configuration = tuner_.trials()[trial].configuration;
    TrainOptions options = given_;
    for (const auto& [name, value] : configuration.settings) {
      if (name != "epochs") SetAxisValue(options, RequireAxisOption("space", name), value);
    }
    return given_.epochs == 0 && options.ForData(data_).HasFolds() ? options
                                                                   : configuration.options;
  }

  // What that takes.
  double RefitSeconds(size_t trial) const {
    const TuneTrial& t = tuner_.trials()[trial];
    if (t.done == 0) return 0;
    double examples = 0;
    for (const Split& part : tuner_.parts()) examples += static_cast<double>(part.train.examples());
    const size_t networks = RefitOptions(trial).ForData(data_).ensemble;
    const size_t rounds = (networks + tuner_.threads() - 1) / tuner_.threads();
    // One that stopped early is what others are likely to do.
    const size_t epochs = t.finished ? t.done : t.in_force.epochs;
    return t.seconds * static_cast<double>(epochs * rounds) / static_cast<double>(t.done) *
           static_cast<double>(data_.examples()) / examples;
  }

  // Whether the model can be trained again on all data.
  bool refits() const { return !options_.validation_data && base_.early_stopping == 0; }

  size_t Leader() const {
    return tuner_.finalists().empty() ? 0 : tuner_.finalists().front().trial;
  }

  // For the model of the best, whichever it will be after these.
  void LeaveTimeFor(const std::vector<Halving::Job>& jobs) {
    if (!timed()) return;
    double seconds = 0;
    const auto consider = [&](size_t trial) {
      const double needed = kRefitMargin * RefitSeconds(trial);
      if (refits() && needed <= kRefitShare * options_.seconds) {
        seconds = std::max(seconds, needed);
      }
    };
    consider(Leader());
    for (const Halving::Job& job : jobs) {
      if (job.rung + 1 == Halving::kRungs.size()) consider(job.trial);
    }
    deadline_ = options_.seconds - seconds;
    tuner_.set_deadline(deadline_);
  }

  // ---- The journal ----

  void Repeat() {
    if (header_.data != journal_.header.data || header_.validation != journal_.header.validation) {
      throw Error(ErrorCode::kBadData,
                  {.subject = "replay", .found = "other data", .expected = "those of the journal"});
    }
    for (const TuneJournal::Settings& settings : journal_.trials) {
      Configuration configuration{.settings = settings, .options = base_};
      for (const auto& [name, value] : settings) {
        SetAxisValue(configuration.options, RequireAxisOption("replay", name), value);
      }
      Add(std::move(configuration), space_.Origin());
    }
    const std::vector<TuneJournal::Step>& steps = journal_.steps;
    for (size_t begin = 0; begin < steps.size() && !tuner_.stopped();) {
      std::vector<Tuner::Task> tasks;
      size_t end = begin;
      for (; end < steps.size() && steps[end].round == steps[begin].round; ++end) {
        tasks.push_back({steps[end].trial, steps[end].epochs});
      }
      const std::vector<bool> done = tuner_.Run(tasks);
      for (size_t i = 0; i < tasks.size() && done[i]; ++i) {
        const TuneJournal::Step step = StepOf(steps[begin].round, tasks[i]);
        RequireSame(step, steps[begin + i]);
        Write(JournalLine(step));
      }
      begin = end;
      tuner_.set_done(static_cast<double>(end) / static_cast<double>(steps.size()));
    }
  }

  static void RequireSame(const TuneJournal::Step& now, const TuneJournal::Step& before) {
    const auto same = [](double a, double b) {  // JSON has no numbers that are not finite
      return a == b || (!std::isfinite(a) && !std::isfinite(b));
    };
    const bool failed = !now.failure.empty();
    if (failed == !before.failure.empty() &&
        (failed || (same(now.metric, before.metric) && same(now.loss, before.loss)))) {
      return;
    }
    throw Error(ErrorCode::kBadData,
                {.subject = "replay",
                 .found = failed ? now.failure : fmt::format("the loss {}", now.loss),
                 .expected = fmt::format("{} of trial {} after {} epochs, as in the journal",
                                         before.failure.empty()
                                             ? fmt::format("{}", before.loss)
                                             : fmt::format("the failure '{}'", before.failure),
                                         now.trial, now.epochs)});
  }

  // ---- The model ----

  // By the journal, or else the best that finished.
  void Choose(Tuning& tuning) {
    const std::optional<TuneJournal::End> end = tuner_.stopped() ? std::nullopt : journal_.end;
    const size_t trial = end ? end->trial : Leader();
    tuning.source = end                          ? end->source
                    : tuner_.finalists().empty() ? TuneModelSource::kStopped
                    : MayTrainOnAll(trial)       ? TuneModelSource::kAll
                                                 : TuneModelSource::kPart;
    std::optional<TrainResult> result;
    if (tuning.source == TuneModelSource::kAll) {
      if (options_.on_refit) options_.on_refit();
      result =
          tuner_.TrainOnAll(RefitOptions(trial), data_, timed() ? options_.seconds : kUnlimited);
      if (!result && !tuner_.finalists().empty()) tuning.source = TuneModelSource::kPart;
    }
    if (tuning.source == TuneModelSource::kPart) {
      for (const TuneFinalist& finalist : tuner_.finalists()) {
        if (finalist.trial == trial) result = finalist.results.front();
      }
    } else if (tuning.source == TuneModelSource::kStopped) {
      result = end ? tuner_.TrainFor(trial, end->steps) : tuner_.ResultOf(trial);
    }
    if (!result) return;
    if (tuning.source != TuneModelSource::kAll && options_.folds == 0) {
      result->options.validation = options_.validation;
    }
    result->options.validation_data.reset();
    const TuneJournal::End now = {.trial = trial,
                                  .source = tuning.source,
                                  .steps = result->steps,
                                  .parameters_hash = result->model.ParametersHash()};
    if (end && !tuner_.stopped() && end->parameters_hash != now.parameters_hash) {
      throw Error(ErrorCode::kBadData,
                  {.subject = "replay",
                   .found = "a model of the parameters hash " + now.parameters_hash,
                   .expected = end->parameters_hash + ", as in the journal"});
    }
    Write(JournalLine(now));
    tuning.model = {
        .configuration = trial,
        .data = tuning.source == TuneModelSource::kAll ? data_ : tuner_.parts().front().train,
        .result = std::move(*result)};
  }

  bool MayTrainOnAll(size_t trial) const {
    if (!refits() || tuner_.stopped()) return false;
    return !timed() || tuner_.Now() + RefitSeconds(trial) <= options_.seconds;
  }

  const TuneJournal journal_;  // to repeat; else empty
  const Dataset& data_;
  const TuneOptions options_;
  const TrainOptions given_;
  const TrainOptions base_;
  const Space space_;
  Tuner tuner_;
  Halving halving_;
  TuneJournal::Header header_;
  std::vector<Space::Point> points_;  // per trial
  std::set<std::string> known_;       // options of all trials, as text
  size_t drawn_ = 0;                  // points, trials or not
  size_t parents_ = 1;                // of new trials, the first of the ranking
  double deadline_;                   // for trials; what is left is for the model
};

}  // namespace

void ChooseValidation(const Dataset& data, const TrainOptions& base, TuneOptions& options) {
  if (options.folds > 0 || options.validation_data || options.validation > 0) return;
  if (data.examples() < kFewExamples && base.early_stopping == 0) {
    try {
      static_cast<void>(SplitFolds(data, kFolds, base.seed));
      options.folds = kFolds;
      return;
    } catch (const Error&) {
      options.folds = 0;  // of groups, times or a class there are fewer
    }
  }
  options.validation = kValidation;
}

void CheckTuning(const TrainOptions& base, const TuneOptions& options) {
  if (!options.replay.empty()) return;
  const Space space(options.space);
  if ((options.seconds > 0) == (options.trials > 0)) {
    Reject("budget", options.trials > 0 ? "trials, too" : "none", "`budget` or `trials`");
  }
  if (!std::isfinite(options.seconds) || options.seconds < 0) {
    Reject("budget", fmt::format("{} seconds", options.seconds), "a time above 0");
  }
  if (options.folds == 1 || options.folds > 1000) {
    Reject("folds", fmt::to_string(options.folds), "2 to 1000");
  }
  if (options.folds > 0 && base.early_stopping > 0) {
    Reject("early-stopping", fmt::to_string(base.early_stopping),
           "no `folds`: nothing would stop the training on all examples");
  }
  if (base.max_seconds > 0) {
    Reject("max-seconds", fmt::format("{}", base.max_seconds),
           "no such limit: `budget` is that of all trainings together");
  }
}

Tuning Tune(const Dataset& data, const TrainOptions& base, const TuneOptions& options) {
  CheckTuning(base, options);
  return Search(data, base, options).Run();
}

}  // namespace colonnade
