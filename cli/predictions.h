// SPDX-License-Identifier: Apache-2.0
// Predictions as a table.
#ifndef COLONNADE_CLI_PREDICTIONS_H_
#define COLONNADE_CLI_PREDICTIONS_H_

#include <string>
#include <vector>

#include "colonnade/dataset.h"
#include "colonnade/model.h"

namespace colonnade::cli {

enum class Predicted { kBest, kProbabilities, kLogits };

struct PredictionOptions {
  Predicted what = Predicted::kBest;
  std::string name = "prediction";  // of the column of kBest
  std::vector<std::string> ids;     // names of the data's texts(), for those that have none
  int threads = 0;
};

// CSV with a header: first the texts that were kept of the data, then the predictions, a row per
// example. Those of incomplete() examples are empty fields. ReadCsv() reads the same texts and
// numbers.
std::string PredictionsCsv(const Model& model, const Dataset& data,
                           const PredictionOptions& options);

}  // namespace colonnade::cli

#endif  // COLONNADE_CLI_PREDICTIONS_H_
