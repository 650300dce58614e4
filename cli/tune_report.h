// SPDX-License-Identifier: Apache-2.0
// What `tune` tells of its trials.
#ifndef COLONNADE_CLI_TUNE_REPORT_H_
#define COLONNADE_CLI_TUNE_REPORT_H_

#include <cstddef>
#include <string>

#include "cli/output.h"
#include "colonnade/tune.h"

namespace colonnade::cli {

// As the table has it: that loss of numbers is shown as RMSE.
const char* MetricName(TuneMetric metric, bool regression);

// The best trials as a table, with the options in which they differ, and the defaults with them.
std::string TrialTable(const Tuning& tuning, size_t rows);

// All trials, best first.
Json TrialsJson(const Tuning& tuning);

}  // namespace colonnade::cli

#endif  // COLONNADE_CLI_TUNE_REPORT_H_
