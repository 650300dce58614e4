// What a training begins with, read as its flags say.
#ifndef COLONNADE_CLI_TRAIN_DATA_H_
#define COLONNADE_CLI_TRAIN_DATA_H_

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/output.h"
#include "cli/train_flags.h"
#include "colonnade/dataset.h"
#include "colonnade/model.h"
#include "colonnade/train.h"

namespace colonnade::cli {

struct TrainData {
  Dataset train;
  std::optional<Dataset> validation = {}, test = {};  // of files
  std::optional<Model> start = {};
  std::vector<std::string> notes = {};  // of the readers
};

// TRAIN and --test, what columns mean, how the files are written
void AddTrainDataOptions(CLI::App& command, TrainFlags& flags);

TrainData ReadTrainData(const TrainFlags& flags, const Common& common);

// Sets the network to that of the model, which is kept by reference.
void StartFrom(const Model& start, TrainOptions& options);

// Sets what the data decide, and returns the network for them. Throws kInvalidArgument, naming the
// flag, where data and options do not go together.
NetworkShape FitOptions(const TrainFlags& flags, const Dataset& train, TrainOptions& options);

}  // namespace colonnade::cli

#endif  // COLONNADE_CLI_TRAIN_DATA_H_
