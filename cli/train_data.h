// SPDX-License-Identifier: Apache-2.0
// What a training begins with, read as its flags say.
#ifndef COLONNADE_CLI_TRAIN_DATA_H_
#define COLONNADE_CLI_TRAIN_DATA_H_

#include <optional>

#include "cli/output.h"
#include "cli/train_flags.h"
#include "colonnade/dataset.h"
#include "colonnade/model.h"

namespace colonnade::cli {

struct TrainData {
  Dataset train;
  std::optional<Dataset> validation = {}, test = {};  // of files
  std::optional<Model> start = {};
};

TrainData ReadTrainData(const TrainFlags& flags, const CsvOptions& reading, const Common& common);

// Tells how the readers took the files, and what they noted. Returns whether the first was told in
// full.
bool PrintSummaries(const Common& common, const TrainData& data);

// "train.csv: 150 examples, 4 features, 3 classes", where nothing else tells.
std::string DataLine(const TrainFlags& flags, const Dataset& train);

// Into what --json says of the data, how they were taken.
void AddSummaries(const TrainData& data, Json& object);

}  // namespace colonnade::cli

#endif  // COLONNADE_CLI_TRAIN_DATA_H_
