// SPDX-License-Identifier: Apache-2.0
// Telling a person how training goes.
#ifndef COLONNADE_CLI_PROGRESS_H_
#define COLONNADE_CLI_PROGRESS_H_

#include <chrono>
#include <functional>
#include <string>

#include "cli/output.h"
#include "colonnade/csv.h"
#include "colonnade/train.h"

namespace colonnade::cli {

inline double SecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Whether standard error is a terminal on which a line can be drawn again.
bool CanRedraw();

// Draws it: a bar, `done` in [0, 1] of it filled, and a text, which starts with a space.
void DrawBar(double done, const std::string& text);

// Removes it, so that other text can follow.
void EraseBar();

// A bar that redraws itself on a terminal, a line per epoch elsewhere (of many epochs, some), on
// standard error. Silent with --quiet.
class ProgressDisplay {
 public:
  // max_seconds: TrainOptions::max_seconds
  ProgressDisplay(const Common& common, double max_seconds);

  void Show(const Progress& progress);

  // Removes the bar, so that other text can follow.
  void Clear();

 private:
  void Draw(const Progress& progress);
  void PrintEpoch(const Progress& progress);

  bool enabled_;
  bool terminal_;
  bool every_epoch_;
  double max_seconds_;
  bool drawn_ = false;
  double next_draw_ = 0;  // seconds since training began
};

// How far the loading of a file has come and how fast it is, on a terminal, for loads that take
// longer than a second. Silent with --quiet.
class LoadDisplay {
 public:
  LoadDisplay(const Common& common, std::string file);

  // For CsvOptions::on_progress; empty where nothing would be shown. Not to outlive the display.
  std::function<void(const LoadProgress&)> Callback();

  // Removes the bar, so that other text can follow.
  void Clear();

 private:
  using Clock = std::chrono::steady_clock;

  void Show(const LoadProgress& progress);

  const bool enabled_;
  const std::string file_;
  const Clock::time_point begin_ = Clock::now();
  double next_draw_ = 1;  // seconds since loading began
  bool drawn_ = false;
};

}  // namespace colonnade::cli

#endif  // COLONNADE_CLI_PROGRESS_H_
