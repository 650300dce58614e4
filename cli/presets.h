// SPDX-License-Identifier: Apache-2.0
// Sets of options that have a name: --preset.
#ifndef COLONNADE_CLI_PRESETS_H_
#define COLONNADE_CLI_PRESETS_H_

#include <string>
#include <string_view>

#include "cli/settings.h"

namespace colonnade::cli {

// The run that the library knows as TrainOptions::Classic().
inline constexpr std::string_view kClassic = "classic";

// Those of any other preset. Throws kInvalidArgument, with the names that there are, for others.
Settings PresetSettings(const std::string& name);

// What the flag says of itself: each preset with all that it sets.
std::string PresetHelp();

}  // namespace colonnade::cli

#endif  // COLONNADE_CLI_PRESETS_H_
