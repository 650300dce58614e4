// SPDX-License-Identifier: Apache-2.0
// Telling a person how a search goes.
#ifndef COLONNADE_CLI_TUNE_PROGRESS_H_
#define COLONNADE_CLI_TUNE_PROGRESS_H_

#include <chrono>
#include <limits>

#include "cli/output.h"
#include "colonnade/tune.h"

namespace colonnade::cli {

// On standard error, a bar on a terminal, and a line for each trial that is the best so far (with
// --verbose: for each that has come further). Silent with --quiet.
class TuneDisplay {
 public:
  TuneDisplay(const Common& common, TuneMetric metric);

  // To be called for every TuneProgress.
  void Show(const TuneProgress& progress);

  // A trial that has come further.
  void ShowTrial(size_t index, const TuneTrial& trial, bool regression);

  // Removes the bar, so that other text can follow.
  void Clear();

 private:
  using Clock = std::chrono::steady_clock;

  bool enabled_;
  bool terminal_;
  bool every_trial_;
  TuneMetric metric_;
  bool drawn_ = false;
  Clock::time_point begin_ = Clock::now();
  double next_draw_ = 0;  // seconds since then
  double best_ = std::numeric_limits<double>::infinity();
};

}  // namespace colonnade::cli

#endif  // COLONNADE_CLI_TUNE_PROGRESS_H_
