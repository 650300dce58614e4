// SPDX-License-Identifier: Apache-2.0
// The flags of `train`, `sweep` and `tune`, and what they mean.
#ifndef COLONNADE_CLI_TRAIN_FLAGS_H_
#define COLONNADE_CLI_TRAIN_FLAGS_H_

#include <functional>
#include <string>

#include "cli/output.h"
#include "cli/settings.h"
#include "colonnade/csv.h"
#include "colonnade/train.h"

namespace CLI {
class App;
}

namespace colonnade::cli {

// Flags as given. Options of the library are in `given`, all others are about files.
struct TrainFlags {
  std::string train, test, validation_file, start, output = "model.safetensors", log, profile;
  std::string journal, replay;  // of tune
  std::string preset, config;
  bool print_config = false;
  bool lr_find = false;
  bool folds = false;                             // validate, instead of --validation
  std::function<bool(const OptionInfo&)> wanted;  // the options that the command has
  Settings given;
};

// The options that the flags mean.
struct TrainSetup {
  TrainOptions training;
  CsvOptions reading;
};

// TRAIN and the files and options that both commands have. wanted: which options.
void AddTrainFlags(CLI::App& command, const std::function<bool(const OptionInfo&)>& wanted,
                   TrainFlags& flags);

// Defaults, under the preset, under the configuration file, under the flags. Throws
// kInvalidArgument for what cannot be meant.
// validates: there will be validation data, whatever the flags say of them. Threads of the file are
// those of `common` then, unless a flag has others.
TrainSetup SetUp(const TrainFlags& flags, Common& common, bool validates = false);

// Whether the model of --start decides it.
bool IsOfStart(const OptionInfo& info);

// Makes the task and the loss agree: what the label column is to hold is as --task says, or else as
// the loss needs it. Throws kInvalidArgument where they contradict.
void SetTask(TrainOptions& training, CsvOptions& reading);

// No file may be read and written, or written twice, in one run: throws kInvalidArgument.
void RequireDistinctFiles(const TrainFlags& flags, const TrainOptions& options);

}  // namespace colonnade::cli

#endif  // COLONNADE_CLI_TRAIN_FLAGS_H_
