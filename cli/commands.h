// SPDX-License-Identifier: Apache-2.0
// The commands of the program, one file each. AddX() declares the command's flags; once they are
// parsed, CLI11 calls the command, which may throw colonnade::Error or ExitStatus.
#ifndef COLONNADE_CLI_COMMANDS_H_
#define COLONNADE_CLI_COMMANDS_H_

#include "cli/output.h"

namespace CLI {
class App;
}

namespace colonnade::cli {

// Thrown to end the program with this status when everything has been said already.
struct ExitStatus {
  int status;
};

void AddTrainCommand(CLI::App& app, Common& common);
void AddSweepCommand(CLI::App& app, Common& common);
void AddTuneCommand(CLI::App& app, Common& common);
void AddEvaluateCommand(CLI::App& app, Common& common);
void AddPredictCommand(CLI::App& app, Common& common);
void AddInspectCommand(CLI::App& app, Common& common);
void AddConvertCommand(CLI::App& app, Common& common);
void AddCheckCommand(CLI::App& app, Common& common);
void AddOptionsCommand(CLI::App& app, Common& common);

// --threads and --simd, for commands that compute.
void AddRunOptions(CLI::App& command, Common& common);

// --json
void AddJsonOption(CLI::App& command, Common& common);

}  // namespace colonnade::cli

#endif  // COLONNADE_CLI_COMMANDS_H_
