// What `sweep` tells at its end.
#ifndef COLONNADE_CLI_SWEEP_REPORT_H_
#define COLONNADE_CLI_SWEEP_REPORT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/output.h"
#include "cli/sweep_grid.h"
#include "colonnade/sweep.h"

namespace colonnade::cli {

// One training of a sweep.
struct SweepModel {
  size_t configuration = 0;
  uint64_t seed = 0;
  std::optional<size_t> fold = {};  // that it was validated on

  bool done = false;
  std::string failure = {};
  // Where it is done:
  Evaluation validation = {};
  size_t epochs = 0;
  double seconds = 0;
  std::string parameters_hash = {};

  // "lr=0.1 seed 2 fold 0"
  std::string Label(const std::vector<Configuration>& configurations) const;

  // Takes what the result says.
  void Take(const TrainResult& result);

  // Whether its validation is better than that of the other: a higher accuracy, or RMSE lower;
  // where they are equal, a lower loss.
  bool BetterThan(const SweepModel& other) const;

  Json ToJson() const;
};

// A mean, and where there are several values, how they scatter around it.
struct Spread {
  double mean = 0;
  std::optional<double> deviation = {};  // Σ (x − mean)² / (n − 1), its root

  // digits: after the point; 0: for numbers of any size.
  std::string Text(int digits) const;
  Json ToJson() const;
};

// A configuration with its models.
struct SweepRow {
  size_t configuration = 0;
  std::vector<const SweepModel*> done = {};
  size_t models = 0;                            // those that are not done included
  Spread metric = {}, loss = {}, seconds = {};  // of those done; metric: accuracy, or RMSE
};

struct SweepReport {
  const std::vector<Configuration>& configurations;
  std::vector<SweepModel> models = {};
  bool regression = false;
  bool stopped = false;  // by a signal

  // The configurations, best first: by the mean of the metric, then of the loss. One with failed
  // models comes after all without.
  std::vector<SweepRow> Ranked() const;

  // The ranking as a table, the best marked unless the sweep was stopped.
  std::string Table() const;

  Json ToJson() const;  // the ranking with all models
};

}  // namespace colonnade::cli

#endif  // COLONNADE_CLI_SWEEP_REPORT_H_
