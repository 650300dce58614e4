// The flags of colonnade train that are not in a header of their own, and what they mean.
#ifndef COLONNADE_CLI_TRAIN_FLAGS_H_
#define COLONNADE_CLI_TRAIN_FLAGS_H_

#include <CLI/CLI.hpp>
#include <cstddef>
#include <optional>
#include <string>

#include "cli/commands.h"
#include "cli/data_options.h"
#include "cli/learning_options.h"
#include "cli/loss_options.h"
#include "cli/stopping_options.h"
#include "colonnade/error.h"
#include "colonnade/train.h"

namespace colonnade::cli {

// Flags as given; those not given keep the default of TrainOptions or of the preset.
struct TrainFlags {
  std::string train, test, output = "model.safetensors", log, profile, preset;
  DataOptions reading;
  LearningFlags learning;
  LossFlags loss;
  StoppingFlags stopping;
  std::optional<std::string> scale, hidden, activation, batch_norm, init, batch_size, seed,
      precision;
  std::optional<size_t> epochs;
  std::optional<double> dropout;
  bool lr_find = false;
};

void AddNetworkOptions(CLI::App& command, TrainFlags& flags);
void AddTrainingOptions(CLI::App& command, TrainFlags& flags);

// Throws kInvalidArgument, naming the flag, for what cannot be meant.
TrainOptions ToTrainOptions(const TrainFlags& flags, const Common& common);

// No file may be read and written, or written twice, in one run: throws kInvalidArgument.
void RequireDistinctFiles(const TrainFlags& flags);

// The same error, its message naming the flag instead of the library's option.
Error NamingTheFlag(const Error& error);

// Returns check(); what it throws names the flag.
template <class Check>
auto NamingFlags(const Check& check) {
  try {
    return check();
  } catch (const Error& error) {
    throw NamingTheFlag(error);
  }
}

}  // namespace colonnade::cli

#endif  // COLONNADE_CLI_TRAIN_FLAGS_H_
