// Flags about how training changes the parameters.
#ifndef COLONNADE_CLI_LEARNING_OPTIONS_H_
#define COLONNADE_CLI_LEARNING_OPTIONS_H_

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "cli/output.h"
#include "colonnade/train.h"

namespace colonnade::cli {

// Flags as given; those not given keep the default of TrainOptions or of the preset.
struct LearningFlags {
  std::optional<std::string> optimizer, schedule;
  std::optional<double> learning_rate, momentum, beta1, beta2, alpha, epsilon, weight_decay,
      clip_norm, lr_decay;
  std::optional<size_t> accumulate, warmup, lr_decay_epochs;
};

void AddLearningOptions(CLI::App& command, LearningFlags& flags);

// Sets what the flags say. Throws kInvalidArgument, naming the flag, where one does not belong to
// the optimizer or the schedule; values out of range are left to TrainOptions::Check().
void ApplyLearningFlags(const LearningFlags& flags, TrainOptions& options);

// Adds to the report what the run's optimizer and schedule were.
void AddLearningReport(const TrainOptions& options, Json& training);

}  // namespace colonnade::cli

#endif  // COLONNADE_CLI_LEARNING_OPTIONS_H_
