// SPDX-License-Identifier: Apache-2.0
// What `sweep` tells of its models.
#ifndef COLONNADE_CLI_SWEEP_REPORT_H_
#define COLONNADE_CLI_SWEEP_REPORT_H_

#include <span>
#include <string>

#include "cli/output.h"
#include "colonnade/select.h"

namespace colonnade::cli {

Json SettingsJson(const Configuration& configuration);
Json RunJson(const SelectionRun& run);

// "lr=0.1 seed 2 fold 0"
std::string RunLabel(const SelectionRun& run, std::span<const Configuration> configurations);

// A line about a run that has ended.
std::string RunLine(const SelectionRun& run, std::span<const Configuration> configurations);

// The ranking as a table, the best marked unless the selection was stopped.
std::string RankingTable(const Selection& selection, std::span<const Configuration> configurations);

// The ranking with all runs.
Json RankingJson(const Selection& selection, std::span<const Configuration> configurations);

}  // namespace colonnade::cli

#endif  // COLONNADE_CLI_SWEEP_REPORT_H_
