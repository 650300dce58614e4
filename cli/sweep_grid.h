// The configurations that a sweep compares.
#ifndef COLONNADE_CLI_SWEEP_GRID_H_
#define COLONNADE_CLI_SWEEP_GRID_H_

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "cli/output.h"
#include "cli/train_flags.h"
#include "colonnade/train.h"

namespace colonnade::cli {

// One option of training with the values to try.
struct GridAxis {
  std::string name;  // without the dashes
  std::vector<std::string> values;
};

// Training flags with one value of each axis.
struct Configuration {
  std::vector<std::pair<std::string, std::string>> settings;  // names and values, as given
  TrainFlags flags;
  TrainOptions options;

  // "lr=0.1 hidden=64"; empty without a grid.
  std::string Label() const;

  Json SettingsJson() const;
};

// The axes of --grid NAME=VALUE,VALUE…: `command` is the one that has the flags. Throws
// kInvalidArgument for what is no such text, for names that are not of training, given twice or as
// a flag too, and for values given twice.
std::vector<GridAxis> ParseGrid(const std::vector<std::string>& texts, const CLI::App& command);

// Every combination of the values, those of the last axis changing fastest, each on top of `flags`.
// Throws what the flags themselves throw for values that are none.
std::vector<Configuration> Configurations(const std::vector<GridAxis>& grid,
                                          const TrainFlags& flags, const Common& common);

}  // namespace colonnade::cli

#endif  // COLONNADE_CLI_SWEEP_GRID_H_
