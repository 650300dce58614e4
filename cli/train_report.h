// What `train` tells at its end.
#ifndef COLONNADE_CLI_TRAIN_REPORT_H_
#define COLONNADE_CLI_TRAIN_REPORT_H_

#include <optional>
#include <string>

#include "cli/output.h"
#include "cli/train_flags.h"
#include "colonnade/dataset.h"
#include "colonnade/evaluate.h"
#include "colonnade/train.h"

namespace colonnade::cli {

// Names as the flags have them.
const char* Name(Initialization init);
const char* Name(Precision precision);

struct TrainReport {
  const TrainOptions& options;
  const TrainResult& result;
  size_t train_examples = 0;             // without those for validation
  size_t batch_size = 0;                 // as used: never more than there are examples
  std::optional<Evaluation> train = {};  // of the result; for regression only
  std::optional<Evaluation> test = {};
  std::string output = {};
  double load_seconds = 0;
  double evaluate_seconds = 0;
  double save_seconds = 0;
  double total_seconds = 0;

  // Evaluates the result: on `test`, if any, and where numbers are predicted on `data`, which it
  // was trained on; an epoch's mean says little about numbers.
  void Measure(const Dataset& data, const std::optional<Dataset>& test_data, int threads);

  Json ToJson() const;
  std::string ToText() const;
};

// Of a training on `train` by these options.
TrainReport ReportOf(const TrainOptions& options, const TrainResult& result, const Dataset& train);

// Writes into the model where it comes from.
void AddProvenance(const TrainFlags& flags, const TrainReport& report, const Dataset& train,
                   Model& model);

// A line about an evaluation of a model; `name` has six letters at most.
std::string EvaluationLine(const char* name, const Evaluation& evaluation);

}  // namespace colonnade::cli

#endif  // COLONNADE_CLI_TRAIN_REPORT_H_
