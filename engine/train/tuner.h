// SPDX-License-Identifier: Apache-2.0
// The trials of a search: their trainings, side by side, and what they came to.
#ifndef COLONNADE_ENGINE_TRAIN_TUNER_H_
#define COLONNADE_ENGINE_TRAIN_TUNER_H_

#include <atomic>
#include <cstddef>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "colonnade/split.h"
#include "colonnade/tune.h"
#include "engine/train/run.h"

namespace colonnade {

// Trials that are trained on bit by bit: what was done stays in memory, so that nothing is done
// twice. Who goes on, and how far, is for others to say.
class Tuner {
 public:
  // A trial to be trained on until so many epochs are done.
  struct Task {
    size_t trial = 0;
    size_t epochs = 0;
  };

  // Keeps references to both. parts: what each trial is trained and validated on.
  Tuner(const TuneOptions& options, std::vector<Split> parts);

  size_t Add(Configuration configuration, TrainOptions in_force);

  // Trains side by side. A stop, or the deadline, ends all of it where it is. Returns which of the
  // tasks were done to their end, or failed.
  std::vector<bool> Run(std::span<const Task> tasks);

  // Forgets how to go on with a trial.
  void Release(size_t trial);

  // What the trials are ranked by: less is better; infinite where it failed.
  double ScoreOf(size_t trial) const;

  // All trials, best first.
  std::vector<size_t> Ranking() const;

  // The best that finished, of those that were kept.
  const std::vector<TuneFinalist>& finalists() const { return finalists_; }
  std::vector<TuneFinalist> TakeFinalists() { return std::move(finalists_); }

  // The first part's training of a trial as it is, to its result; nothing where it has not begun.
  std::optional<TrainResult> ResultOf(size_t trial);

  // Trains a trial on from its beginning, on its first part, for exactly so many steps.
  TrainResult TrainFor(size_t trial, size_t steps);

  // Trains on all data, on all threads. Nothing where it was stopped, or did not end by `limit`.
  std::optional<TrainResult> TrainOnAll(TrainOptions options, const Dataset& data, double limit);

  // Those of a training on a part: with its validation data where these say when to stop.
  TrainOptions OptionsOn(size_t part, TrainOptions options) const;

  const std::vector<TuneTrial>& trials() const { return trials_; }
  std::vector<TuneTrial> TakeTrials() { return std::move(trials_); }
  const std::vector<Split>& parts() const { return parts_; }
  bool stopped() const { return stopped_; }
  size_t threads() const { return threads_; }

  // Seconds since it began.
  double Now() const;
  void set_deadline(double seconds) { deadline_ = seconds; }
  bool late() const { return Now() >= deadline_; }

  // What progress says of the budget.
  void set_done(double fraction) { done_ = fraction; }

 private:
  // What a trial needs to go on, per part.
  struct Live {
    std::vector<std::unique_ptr<TrainingRun>> runs = {};
    std::vector<std::optional<TrainResult>> results = {};  // where the run has ended
    std::vector<Evaluation> validation = {};
    std::vector<double> seconds = {};
    std::vector<std::string> failures = {};
  };

  enum class Outcome { kDone, kFailed, kInterrupted };

  TrainOptions OptionsFor(size_t trial, size_t part) const;
  Outcome TrainPart(const Task& task, size_t part);
  void Advance(const Task& task, size_t part);
  void Take(const Task& task, const std::vector<Outcome>& outcomes);
  void TakeFinished(size_t trial);
  bool Report();
  double MetricOf(const Evaluation& e) const;

  const TuneOptions& options_;
  const std::vector<Split> parts_;
  size_t threads_;
  std::vector<TuneTrial> trials_;
  std::vector<Live> live_;
  std::vector<TuneFinalist> finalists_;
  double began_;
  std::atomic<double> deadline_ = std::numeric_limits<double>::infinity();
  double done_ = 0;
  std::atomic<bool> stopped_ = false;
  std::mutex reporting_;
  double next_report_ = 0;
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_TRAIN_TUNER_H_
