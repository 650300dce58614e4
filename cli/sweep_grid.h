// SPDX-License-Identifier: Apache-2.0
// The configurations that a sweep compares, as flags.
#ifndef COLONNADE_CLI_SWEEP_GRID_H_
#define COLONNADE_CLI_SWEEP_GRID_H_

#include <string>
#include <vector>

#include "cli/settings.h"
#include "colonnade/select.h"

namespace colonnade::cli {

// The axes of --grid NAME=VALUE,VALUE…; `given`: the options that have flags. Throws
// kInvalidArgument for what is no such text, names given as a flag too, and values given twice.
std::vector<GridAxis> ParseGrid(const std::vector<std::string>& texts, const Settings& given);

}  // namespace colonnade::cli

#endif  // COLONNADE_CLI_SWEEP_GRID_H_
