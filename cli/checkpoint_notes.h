// SPDX-License-Identifier: Apache-2.0
// What a person should hear of checkpoints.
#ifndef COLONNADE_CLI_CHECKPOINT_NOTES_H_
#define COLONNADE_CLI_CHECKPOINT_NOTES_H_

#include <string>

#include "cli/output.h"
#include "colonnade/train.h"

namespace colonnade::cli {

// Says what --checkpoint and --resume will do, given which files there are.
void NoteCheckpoint(const TrainOptions& options, const Common& common);

// How to go on after a signal, given the file that has the model, if any.
std::string HowToGoOn(const TrainOptions& options, const std::string& model);

}  // namespace colonnade::cli

#endif  // COLONNADE_CLI_CHECKPOINT_NOTES_H_
