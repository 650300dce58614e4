// SPDX-License-Identifier: Apache-2.0
#include "colonnade/sweep.h"

#include <atomic>
#include <exception>
#include <mutex>
#include <new>

#include "engine/train/run.h"
#include "engine/train/side_by_side.h"

namespace colonnade {
namespace {

// What the threads of a sweep share.
class SweepRun {
 public:
  SweepRun(std::span<const Trial> trials, const SweepOptions& options)
      : trials_(trials), options_(options), results_(trials.size()) {}

  void TrainOne(size_t trial, int threads) {
    if (stopped_) return;
    TrainOptions options = trials_[trial].options;
    options.threads = threads;
    const std::function<bool(const Progress&)> of_trial = options.on_progress;
    double next_report = 0;
    options.on_progress = [&](const Progress& p) {
      const bool go_on = !of_trial || of_trial(p);
      if (p.epoch_done || p.seconds >= next_report) {
        next_report = p.seconds + kReportSeconds;
        const std::scoped_lock lock(reporting_);
        Report({.trials = trials_.size(), .ended = ended_, .trial = trial, .progress = &p});
      }
      return go_on && !stopped_;
    };
    TrialResult& to = results_[trial];
    try {
      to.result = Train(trials_[trial].data, options);
    } catch (const std::bad_alloc&) {
      to.failure = "out of memory";
    } catch (const std::exception& error) {
      to.failure = error.what();
    }
    const std::scoped_lock lock(reporting_);
    const bool ended = !to.result || !to.result->stopped;
    if (options_.on_result) options_.on_result(trial, to);
    if (!ended) return;
    ++ended_;
    Report({.trials = trials_.size(), .ended = ended_, .trial = trial, .has_ended = true});
  }

  std::vector<TrialResult> TakeResults() { return std::move(results_); }

 private:
  // By the holder of the lock.
  void Report(const SweepProgress& progress) {
    if (options_.on_progress && !stopped_ && !options_.on_progress(progress)) stopped_ = true;
  }

  const std::span<const Trial> trials_;
  const SweepOptions& options_;
  std::vector<TrialResult> results_;
  std::atomic<bool> stopped_ = false;
  std::mutex reporting_;
  size_t ended_ = 0;
};

}  // namespace

std::vector<TrialResult> Sweep(std::span<const Trial> trials, const SweepOptions& options) {
  for (const Trial& trial : trials) CheckTraining(trial.data, trial.options);
  SweepRun run(trials, options);
  TrainSideBySide(trials.size(), options.threads, options.at_once,
                  [&](size_t trial, int threads) { run.TrainOne(trial, threads); });
  return run.TakeResults();
}

}  // namespace colonnade
