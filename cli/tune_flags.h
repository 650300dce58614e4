// SPDX-License-Identifier: Apache-2.0
// The flags of `tune` that are texts with a meaning.
#ifndef COLONNADE_CLI_TUNE_FLAGS_H_
#define COLONNADE_CLI_TUNE_FLAGS_H_

#include <string>
#include <vector>

#include "cli/train_flags.h"
#include "colonnade/tune.h"

namespace colonnade::cli {

// "60s", "5m", "2h" or a number of seconds. Throws kInvalidArgument for another text.
double ParseBudget(const std::string& text);

// The library's space, without what the flags decide, and with --space NAME=VALUES in place of its
// entries; after --space none with these alone. Throws kInvalidArgument for what is no such text,
// and for names that are flags, too.
std::vector<SpaceAxis> ParseSpace(const std::vector<std::string>& texts, const TrainFlags& flags,
                                  const TrainOptions& training);

}  // namespace colonnade::cli

#endif  // COLONNADE_CLI_TUNE_FLAGS_H_
