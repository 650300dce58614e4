// SPDX-License-Identifier: Apache-2.0
// What `train` tells at its end.
#ifndef COLONNADE_CLI_TRAIN_REPORT_H_
#define COLONNADE_CLI_TRAIN_REPORT_H_

#include <optional>
#include <string>

#include "cli/output.h"
#include "cli/train_data.h"
#include "cli/train_flags.h"
#include "colonnade/dataset.h"
#include "colonnade/evaluate.h"
#include "colonnade/train.h"

namespace colonnade::cli {

struct TrainReport {
  const TrainResult& result;
  const TrainData& files;                // that were read
  Dataset data;                          // that it was trained on, without those for validation
  CsvOptions reading = {};               // how they were read
  std::optional<Evaluation> train = {};  // of the result; for regression only
  std::optional<Evaluation> test = {};
  std::string output = {};
  double load_seconds = 0;
  double evaluate_seconds = 0;
  double save_seconds = 0;
  double total_seconds = 0;

  // Evaluates the result: on `test`, if any, and where numbers are predicted on `data`; an epoch's
  // mean says little about numbers.
  void Measure(const std::optional<Dataset>& test_data, int threads);

  Json ToJson() const;
  std::string ToText() const;

  // The model with where it comes from.
  Model WithProvenance(const TrainFlags& flags) const;
};

// A line about an evaluation of a model; `name` has six letters at most.
std::string EvaluationLine(const char* name, const Evaluation& evaluation);

}  // namespace colonnade::cli

#endif  // COLONNADE_CLI_TRAIN_REPORT_H_
