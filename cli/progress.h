// Telling a person how training goes.
#ifndef COLONNADE_CLI_PROGRESS_H_
#define COLONNADE_CLI_PROGRESS_H_

#include <string>

#include "cli/output.h"
#include "colonnade/train.h"

namespace colonnade::cli {

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

}  // namespace colonnade::cli

#endif  // COLONNADE_CLI_PROGRESS_H_
