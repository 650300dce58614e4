// SPDX-License-Identifier: Apache-2.0
// Where the time of a training went, for a person to read.
#ifndef COLONNADE_CLI_PROFILE_REPORT_H_
#define COLONNADE_CLI_PROFILE_REPORT_H_

#include <string>

#include "colonnade/network.h"
#include "colonnade/profile.h"

namespace colonnade::cli {

// A table with a line per phase, by layer, and what its columns mean.
std::string ProfileTable(const Profile& profile, const NetworkShape& shape);

}  // namespace colonnade::cli

#endif  // COLONNADE_CLI_PROFILE_REPORT_H_
