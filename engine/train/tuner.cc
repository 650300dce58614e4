// SPDX-License-Identifier: Apache-2.0
#include "engine/train/tuner.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <exception>
#include <new>
#include <string>
#include <tuple>
#include <utility>

#include "engine/runtime/execution.h"
#include "engine/train/side_by_side.h"

namespace colonnade {
namespace {

double SteadySeconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

Tuner::Tuner(const TuneOptions& options, std::vector<Split> parts)
    : options_(options),
      parts_(std::move(parts)),
      threads_(Execution(options.threads).threads()),
      began_(options.clock ? options.clock() : SteadySeconds()) {}

double Tuner::Now() const { return (options_.clock ? options_.clock() : SteadySeconds()) - began_; }

size_t Tuner::Add(Configuration configuration, TrainOptions in_force) {
  trials_.push_back({.configuration = std::move(configuration), .in_force = std::move(in_force)});
  live_.push_back({.runs = {},
                   .results = std::vector<std::optional<TrainResult>>(parts_.size()),
                   .validation = std::vector<Evaluation>(parts_.size()),
                   .seconds = std::vector<double>(parts_.size()),
                   .failures = std::vector<std::string>(parts_.size())});
  live_.back().runs.resize(parts_.size());
  return trials_.size() - 1;
}

std::vector<bool> Tuner::Run(std::span<const Task> tasks) {
  const size_t parts = parts_.size();
  std::vector<std::vector<Outcome>> outcomes(tasks.size(), std::vector<Outcome>(parts));
  std::atomic<size_t> next = 0;
  const Execution all(static_cast<int>(threads_));  // so that the groups get threads
  const size_t groups = std::min(threads_, tasks.size() * parts);
  Execution(static_cast<int>(groups)).RunSideBySide(groups, [&](size_t) {
    for (size_t i = next++; i < tasks.size() * parts; i = next++) {
      outcomes[i / parts][i % parts] = TrainPart(tasks[i / parts], i % parts);
    }
  });
  std::vector<bool> done(tasks.size());
  for (size_t i = 0; i < tasks.size(); ++i) {
    Take(tasks[i], outcomes[i]);
    done[i] = std::ranges::find(outcomes[i], Outcome::kInterrupted) == outcomes[i].end();
  }
  return done;
}

Tuner::Outcome Tuner::TrainPart(const Task& task, size_t part) {
  if (stopped_ || late()) return Outcome::kInterrupted;
  Live& live = live_[task.trial];
  const double begin = Now();
  Outcome outcome = Outcome::kFailed;
  try {
    Advance(task, part);
    const TrainingRun& run = *live.runs[part];
    outcome =
        live.results[part] || run.epochs() >= task.epochs ? Outcome::kDone : Outcome::kInterrupted;
  } catch (const std::bad_alloc&) {
    live.failures[part] = "out of memory";
  } catch (const std::exception& error) {
    live.failures[part] = error.what();
  }
  live.seconds[part] += Now() - begin;
  return outcome;
}

// Those of a trial's training on a part.
TrainOptions Tuner::OptionsFor(size_t trial, size_t part) const {
  TrainOptions options = OptionsOn(part, trials_[trial].configuration.options);
  options.epochs = trials_[trial].in_force.epochs;  // the same for parts of different sizes
  return options;
}

TrainOptions Tuner::OptionsOn(size_t part, TrainOptions options) const {
  options.validation_data = parts_[part].validation;
  const bool stops = options.ForData(parts_[part].train).early_stopping > 0;
  // Where nothing needs validation data, they are looked at where a trial pauses.
  if (!stops && options.target_accuracy == 0) options.validation_data.reset();
  return options;
}

// Trains on, and validates what came of it.
void Tuner::Advance(const Task& task, size_t part) {
  Live& live = live_[task.trial];
  std::unique_ptr<TrainingRun>& run = live.runs[part];
  if (!run) {
    TrainOptions options = OptionsFor(task.trial, part);
    options.threads = 1;
    options.on_progress = [this, given = options.on_progress](const Progress& p) {
      return (!given || given(p)) && !late() && Report();
    };
    run = std::make_unique<TrainingRun>(parts_[part].train, options);
  }
  run->RunTo(task.epochs);
  const EvaluateOptions how = {.threads = 1,
                               .top_k = options_.metric == TuneMetric::kRocAuc ? size_t{1} : 0};
  const Dataset& validation = parts_[part].validation;
  if (run->ended()) {
    live.results[part] = run->Finish();
    live.validation[part] = Evaluate(live.results[part]->model, validation, how);
  } else if (run->epochs() >= task.epochs) {
    live.validation[part] = run->Measure(validation, how.top_k);
  }
}

// By whichever thread trains.
bool Tuner::Report() {
  if (stopped_) return false;
  if (!options_.on_progress) return true;
  const std::scoped_lock lock(reporting_);
  const double now = Now();
  if (now < next_report_ || stopped_) return !stopped_;
  next_report_ = now + kReportSeconds;
  TuneProgress progress = {
      .done = options_.seconds > 0 ? std::min(1.0, now / options_.seconds) : done_,
      .seconds = now,
      .trials = trials_.size()};
  for (const TuneTrial& trial : trials_) progress.finished += trial.finished ? 1U : 0U;
  if (!finalists_.empty()) progress.best = trials_[finalists_.front().trial].metric.mean;
  if (!options_.on_progress(progress)) stopped_ = true;
  return !stopped_;
}

double Tuner::MetricOf(const Evaluation& e) const {
  switch (options_.metric) {
    case TuneMetric::kLoss:
      return e.regression ? e.regression->rmse : e.loss;
    case TuneMetric::kAccuracy:
      return e.accuracy;
    case TuneMetric::kRocAuc:
      return e.ranking && e.ranking->roc_auc ? *e.ranking->roc_auc : std::nan("");
    case TuneMetric::kMae:
      return e.regression ? e.regression->mae : std::nan("");
  }
  return std::nan("");
}

void Tuner::Take(const Task& task, const std::vector<Outcome>& outcomes) {
  TuneTrial& trial = trials_[task.trial];
  Live& live = live_[task.trial];
  trial.seconds = 0;
  for (const double seconds : live.seconds) trial.seconds += seconds;
  for (const std::string& failure : live.failures) {
    if (trial.failure.empty()) trial.failure = failure;
  }
  if (!trial.failure.empty()) {
    Release(task.trial);
  } else if (std::ranges::all_of(outcomes, [](Outcome o) { return o == Outcome::kDone; })) {
    std::vector<double> metrics;
    std::vector<double> losses;
    for (const Evaluation& e : live.validation) {
      metrics.push_back(MetricOf(e));
      losses.push_back(e.loss);
    }
    trial.metric = SpreadOf(metrics);
    trial.loss = SpreadOf(losses);
    trial.done = 0;
    for (const auto& run : live.runs) trial.done = std::max(trial.done, run->epochs());
    trial.finished = std::ranges::all_of(live.results, [](const auto& r) { return r.has_value(); });
    if (trial.finished) TakeFinished(task.trial);
  } else {
    return;
  }
  if (options_.on_trial) options_.on_trial(task.trial, trial);
}

void Tuner::TakeFinished(size_t trial) {
  TuneFinalist finalist{.trial = trial};
  for (std::optional<TrainResult>& result : live_[trial].results) {
    finalist.results.push_back(std::move(*result));
  }
  Release(trial);
  const auto after = std::ranges::upper_bound(
      finalists_, ScoreOf(trial), {}, [&](const TuneFinalist& f) { return ScoreOf(f.trial); });
  finalists_.insert(after, std::move(finalist));
  if (finalists_.size() > options_.keep) finalists_.pop_back();
}

void Tuner::Release(size_t trial) {
  for (auto& run : live_[trial].runs) run.reset();
  for (auto& result : live_[trial].results) result.reset();
}

double Tuner::ScoreOf(size_t trial) const {
  const TuneTrial& t = trials_[trial];
  if (!t.failure.empty() || !std::isfinite(t.metric.mean)) {
    return std::numeric_limits<double>::infinity();
  }
  const bool more_is_better =
      options_.metric == TuneMetric::kAccuracy || options_.metric == TuneMetric::kRocAuc;
  return more_is_better ? -t.metric.mean : t.metric.mean;
}

std::vector<size_t> Tuner::Ranking() const {
  std::vector<size_t> order(trials_.size());
  for (size_t t = 0; t < order.size(); ++t) order[t] = t;
  std::ranges::sort(order, {}, [&](size_t t) {
    const TuneTrial& trial = trials_[t];
    const double part = trial.finished
                            ? 2
                            : static_cast<double>(trial.done) /
                                  static_cast<double>(std::max<size_t>(trial.in_force.epochs, 1));
    return std::pair(std::tuple{!trial.failure.empty(), -part, ScoreOf(t)}, t);
  });
  return order;
}

std::optional<TrainResult> Tuner::ResultOf(size_t trial) {
  if (!live_[trial].runs.front()) return std::nullopt;
  try {
    return live_[trial].runs.front()->Finish();
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

TrainResult Tuner::TrainFor(size_t trial, size_t steps) {
  TrainOptions options = OptionsFor(trial, 0);
  options.threads = static_cast<int>(threads_);
  options.on_progress = [&, given = options.on_progress](const Progress& p) {
    return (!given || given(p)) && p.step < steps && Report();
  };
  return Train(parts_.front().train, options);
}

std::optional<TrainResult> Tuner::TrainOnAll(TrainOptions options, const Dataset& data,
                                             double limit) {
  options.threads = static_cast<int>(threads_);
  options.on_progress = [&, given = options.on_progress](const Progress& p) {
    return (!given || given(p)) && Now() < limit && Report();
  };
  try {
    TrainResult result = Train(data, options);
    if (!result.stopped) return result;
  } catch (const std::exception&) {
    return std::nullopt;  // what went well on a part may fail on all
  }
  return std::nullopt;
}

}  // namespace colonnade
