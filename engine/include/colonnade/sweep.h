// SPDX-License-Identifier: Apache-2.0
// Many trainings at once.
#ifndef COLONNADE_SWEEP_H_
#define COLONNADE_SWEEP_H_

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "colonnade/dataset.h"
#include "colonnade/train.h"

namespace colonnade {

// One training of several. Any number of them may have the same data, of which they need no copy;
// SplitFolds() and SplitStratified() give parts that share the values too. options.threads is not
// used. options.on_progress is called on the thread of this training, at the same time as those of
// others; files that the options name have to be different ones.
struct Trial {
  Dataset data;
  TrainOptions options = {};
};

struct TrialResult {
  std::optional<TrainResult> result = {};  // none where it failed, or did not begin
  // Why it failed: out of the finite numbers, out of memory, a file that cannot be written.
  std::string failure = {};

  // Whether it came to its end.
  bool done() const { return result && !result->stopped; }
};

// A moment of a sweep.
struct SweepProgress {
  size_t trials = 0;                   // in all
  size_t ended = 0;                    // of them, failures included
  size_t trial = 0;                    // the index of the one that this call is about
  bool has_ended = false;              // it is among those that ended
  const Progress* progress = nullptr;  // of it; null where has_ended. Only during the call.
};

struct SweepOptions {
  int threads = 0;     // of all trainings together; 0 as in TrainOptions
  size_t at_once = 0;  // trainings side by side; 0: as many as there are threads

  // Called after every epoch of every training, when one has ended, and some times per second in
  // between; on the thread of that training, but never twice at a time. false stops all trainings
  // after their steps; those that have not begun do not begin.
  std::function<bool(const SweepProgress&)> on_progress = {};

  // Called with the result of each trial once it has ended or stopped, likewise never twice at a
  // time. May take the result away, where models need too much memory to be kept until the end.
  std::function<void(size_t trial, TrialResult&)> on_result = {};
};

// Trains each of the trials, `at_once` of them side by side with the threads shared out evenly, on
// one thread each where there are as many trials as threads. That takes less time than one training
// after the other on all threads, which have to wait for each other in every step. Each model has
// the same bits as Train() gives for it alone. The results are in the order of the trials. Throws
// what Train() throws for options and data, before any training begins; what goes wrong later ends
// only that training.
std::vector<TrialResult> Sweep(std::span<const Trial> trials, const SweepOptions& options = {});

}  // namespace colonnade

#endif  // COLONNADE_SWEEP_H_
