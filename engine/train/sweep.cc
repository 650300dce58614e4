// SPDX-License-Identifier: Apache-2.0
#include "colonnade/sweep.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <new>

#include "engine/runtime/execution.h"
#include "engine/train/run.h"

namespace colonnade {
namespace {

// Seconds between two reports of a training in an epoch.
constexpr double kReportSeconds = 0.05;

// What the threads of a sweep share.
class SweepRun {
 public:
  SweepRun(std::span<const Trial> trials, const SweepOptions& options)
      : trials_(trials), options_(options), results_(trials.size()) {}

  // Trains one trial after the other that no other group has begun, until there are no more.
  void TrainRemaining(int threads) {
    while (!stopped_) {
      const size_t trial = next_++;
      if (trial >= trials_.size()) return;
      TrainOne(trial, threads);
    }
  }

  std::vector<TrialResult> TakeResults() { return std::move(results_); }

 private:
  void TrainOne(size_t trial, int threads) {
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

  // By the holder of the lock.
  void Report(const SweepProgress& progress) {
    if (options_.on_progress && !stopped_ && !options_.on_progress(progress)) stopped_ = true;
  }

  const std::span<const Trial> trials_;
  const SweepOptions& options_;
  std::vector<TrialResult> results_;
  std::atomic<size_t> next_ = 0;
  std::atomic<bool> stopped_ = false;
  std::mutex reporting_;
  size_t ended_ = 0;
};

}  // namespace

std::vector<TrialResult> Sweep(std::span<const Trial> trials, const SweepOptions& options) {
  for (const Trial& trial : trials) CheckTraining(trial.data, trial.options);
  const Execution all(options.threads);  // for as long as the groups run, so that they get threads
  const size_t threads = all.threads();
  const size_t most = options.at_once == 0 ? threads : std::min(options.at_once, threads);
  const size_t groups = std::max<size_t>(1, std::min(most, trials.size()));
  SweepRun run(trials, options);
  Execution(static_cast<int>(groups)).RunSideBySide(groups, [&](size_t group) {
    run.TrainRemaining(static_cast<int>(threads / groups + (group < threads % groups ? 1 : 0)));
  });
  return run.TakeResults();
}

}  // namespace colonnade
