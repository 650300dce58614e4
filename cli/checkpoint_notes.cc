// SPDX-License-Identifier: Apache-2.0
#include "cli/checkpoint_notes.h"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>

namespace colonnade::cli {

void NoteCheckpoint(const TrainOptions& options, const Common& common) {
  if (options.checkpoint.empty()) return;
  const std::string file = options.checkpoint.string();
  std::error_code ignored;
  const bool exists = std::filesystem::exists(options.checkpoint, ignored);
  if (options.resume && exists) {
    PrintNote(common, fmt::format("resuming from the checkpoint {}", file));
  } else if (options.resume) {
    PrintNote(common, fmt::format("no checkpoint {} yet: starting from the beginning", file));
  } else if (exists) {
    PrintNote(
        common,
        fmt::format("the checkpoint {} will be replaced; --resume would go on from it", file));
  }
}

std::string HowToGoOn(const TrainOptions& options, const std::string& model) {
  if (!options.checkpoint.empty()) {
    return fmt::format("the same command{} goes on from {}", options.resume ? "" : " with --resume",
                       options.checkpoint.string());
  }
  return fmt::format(
      "{} has the parameters so far, --start {} begins with them; with --checkpoint FILE, --resume "
      "could go on exactly",
      model, model);
}

}  // namespace colonnade::cli
