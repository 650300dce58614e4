// SPDX-License-Identifier: Apache-2.0
// Telling a person how a sweep goes.
#ifndef COLONNADE_CLI_SWEEP_PROGRESS_H_
#define COLONNADE_CLI_SWEEP_PROGRESS_H_

#include <chrono>
#include <string>
#include <vector>

#include "cli/output.h"
#include "colonnade/sweep.h"

namespace colonnade::cli {

// On standard error, a bar on a terminal, and a line for each model elsewhere or with --verbose (of
// many models, for some). Silent with --quiet.
class SweepDisplay {
 public:
  SweepDisplay(const Common& common, size_t models);

  // To be called for every SweepProgress.
  void Show(const SweepProgress& progress);

  // A line about a model that has ended.
  void ShowEnded(const std::string& line);

  // Removes the bar, so that other text can follow.
  void Clear();

 private:
  using Clock = std::chrono::steady_clock;

  bool enabled_;
  bool terminal_;
  bool every_model_;
  bool drawn_ = false;
  Clock::time_point begin_ = Clock::now();
  double next_draw_ = 0;      // seconds since then
  std::vector<double> done_;  // part of each model
  size_t lines_ = 0;          // models that ShowEnded() was called for
};

}  // namespace colonnade::cli

#endif  // COLONNADE_CLI_SWEEP_PROGRESS_H_
