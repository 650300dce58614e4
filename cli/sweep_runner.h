// A sweep from its data to its report.
#ifndef COLONNADE_CLI_SWEEP_RUNNER_H_
#define COLONNADE_CLI_SWEEP_RUNNER_H_

#include <cstddef>
#include <string>
#include <vector>

#include "cli/output.h"
#include "cli/sweep_grid.h"
#include "cli/train_flags.h"

namespace colonnade::cli {

struct SweepFlags {
  TrainFlags training;
  std::vector<std::string> grid;
  size_t seeds = 1;
  size_t folds = 0;  // 0: no cross-validation
  size_t at_once = 0;

  // Whether a model comes out of it, rather than only the table.
  bool wants_model() const { return !training.output.empty() || !training.test.empty(); }
};

// Reads the data, trains a model for each configuration, seed and fold, and tells about them. Every
// configuration says what to validate on, but for folds.
void RunSweep(const SweepFlags& flags, std::vector<Configuration> configurations,
              const Common& common);

}  // namespace colonnade::cli

#endif  // COLONNADE_CLI_SWEEP_RUNNER_H_
