// Flags about what training makes small.
#ifndef COLONNADE_CLI_LOSS_OPTIONS_H_
#define COLONNADE_CLI_LOSS_OPTIONS_H_

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "cli/output.h"
#include "colonnade/csv.h"
#include "colonnade/train.h"

namespace colonnade::cli {

// Flags as given; those not given keep the default of TrainOptions or of the preset.
struct LossFlags {
  std::optional<std::string> task, loss, class_weight, target_scale;
  std::optional<double> huber_delta, label_smoothing;

  // What the label column is to hold: as --task says, or else as the loss needs it.
  Task ForReading() const;
};

void AddLossOptions(CLI::App& command, LossFlags& flags);

// Sets what the flags say, but for the weights in a file. Throws kInvalidArgument, naming the flag,
// where two of them contradict; values out of range are left to TrainOptions::Check().
void ApplyLossFlags(const LossFlags& flags, TrainOptions& options);

// Reads the weights of these classes, if --class-weight names a file.
void ApplyClassWeights(const LossFlags& flags, const Schema& schema, TrainOptions& options);

// Adds to the report what the run's loss was.
void AddLossReport(const TrainOptions& options, const Model& model, Json& training);

}  // namespace colonnade::cli

#endif  // COLONNADE_CLI_LOSS_OPTIONS_H_
