// Flags about when a training ends, and how it is kept and goes on.
#ifndef COLONNADE_CLI_STOPPING_OPTIONS_H_
#define COLONNADE_CLI_STOPPING_OPTIONS_H_

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "cli/output.h"
#include "colonnade/train.h"

namespace colonnade::cli {

// Flags as given.
struct StoppingFlags {
  std::optional<double> validation, target_accuracy, max_seconds;
  std::optional<size_t> early_stopping;
  std::string validation_file, checkpoint, start;
  std::optional<std::string> checkpoint_every;
  bool resume = false;
};

void AddStoppingOptions(CLI::App& command, StoppingFlags& flags);

// Sets what the flags say, but for the data and the model, which are to be read yet. Throws
// kInvalidArgument, naming the flag, for values out of range and flags that need another one.
void ApplyStoppingFlags(const StoppingFlags& flags, TrainOptions& options);

// "epochs", "signal", "early-stopping", "target-accuracy" or "max-seconds".
const char* Name(StopReason reason);

// Says what --checkpoint and --resume will do, given which files there are.
void NoteCheckpoint(const StoppingFlags& flags, const Common& common);

// How to go on after a signal, given the file that has the model, if any.
std::string HowToGoOn(const StoppingFlags& flags, const std::string& model);

}  // namespace colonnade::cli

#endif  // COLONNADE_CLI_STOPPING_OPTIONS_H_
