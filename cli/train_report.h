// What `train` tells at its end.
#ifndef COLONNADE_CLI_TRAIN_REPORT_H_
#define COLONNADE_CLI_TRAIN_REPORT_H_

#include <optional>
#include <string>

#include "cli/output.h"
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

  Json ToJson() const;
  std::string ToText() const;
};

}  // namespace colonnade::cli

#endif  // COLONNADE_CLI_TRAIN_REPORT_H_
